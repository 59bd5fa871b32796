/**
 * The Makefile for a card: builds this kernel's object file, and links it with v++: in network mode with VNx's kernels,
 * in host mode with the movers before the card's memory.
 *
 * @module
 */

import { moversOf as hostMovers } from "../../kernels/rtl/movers.ts";
import { INSTANCES, SPREADS } from "../../kernels/rtl/spreads.ts";
import { moversOf } from "./connectivity.ts";
import { DOOR } from "./door.ts";
import { type CardKernel, GENERATED } from "./kernels.ts";
import type { CardMover } from "./movers.ts";
import type { Stream } from "./ports.ts";

/** Numbers of instances, as a sentence has them. */
const COUNTS = `1, ${INSTANCES.join(", ").replace(/, (\d+)$/, " or $1")}`;

/**
 * Generates the Makefile.
 *
 * @param kernels Kernels, with the streams of each.
 * @param movers Movers of host mode.
 * @returns Text of the file.
 */
export function makefile(
  kernels: readonly { kernel: CardKernel; streams: readonly Stream[] }[],
  movers: readonly CardMover[],
): string {
  const [first] = kernels;
  const network = kernels.filter(({ kernel }) => kernel.mode === "network");
  const host = kernels.filter(({ kernel }) => kernel.mode === "host");
  return `# ${GENERATED}
#
# make xo KERNEL=${first!.kernel.name}
# make xclbin KERNEL=${first!.kernel.name} DEVICE=<platform> VNX=<a clone of Xilinx/xup_vitis_network_example>
# make xclbin KERNEL=${host[0]!.kernel.name} DEVICE=<platform>
# make xclbin KERNEL=<kernel> INSTANCES=${INSTANCES.join("|")} DEVICE=<platform> [VNX=<clone>]

# Packets from the network shell.
KERNELS := ${network.map(({ kernel }) => kernel.name).join(" ")}
# Packets from the card's memory, by the movers.
HOST_KERNELS := ${host.map(({ kernel }) => kernel.name).join(" ")}
MEMORY_MOVERS := ${movers.map(({ name }) => name).join(" ")}
# Kernels before several instances in network mode: by packet, or all packets of a flow to one instance.
SPREADS := ${SPREADS.map(({ name }) => name).join(" ")}
KEEPS_ORDER := ${network.filter(({ kernel }) => kernel.keepsOrder).map(({ kernel }) => kernel.name).join(" ")}
DOOR := ${DOOR.name}
KERNEL ?= ${first!.kernel.name}
INSTANCES ?= 1
INTERFACE ?= 0
JOBS ?= 4
${network.map(({ kernel, streams }) => `MOVERS_${kernel.name} := ${moversOf(streams).join(" ")}`).join("\n")}
${
    host.map(({ kernel: { name } }) => `HOST_MOVERS_${name} := ${Object.values(hostMovers(name)).join(" ")}`)
      .join(
        "\n",
      )
  }

HERE := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
BUILD := $(abspath build/$(KERNEL))
XO := $(BUILD)/$(KERNEL).xo
IS_HOST := $(filter $(KERNEL),$(HOST_KERNELS))
# Files of several instances end in their number.
SUFFIX := $(if $(filter-out 1,$(INSTANCES)),_$(INSTANCES))
XCLBIN := $(BUILD)/$(KERNEL)$(SUFFIX).xclbin
LINKS := $(HERE)$(KERNEL)/connectivity$(SUFFIX).cfg
CONFIG := $(BUILD)/link$(SUFFIX).cfg
SPREAD := onpath_spread_$(if $(filter $(KERNEL),$(KEEPS_ORDER)),flows_)$(INSTANCES)
SPREAD_XO := $(if $(and $(SUFFIX),$(filter $(KERNEL),$(KERNELS))),$(abspath build/$(SPREAD)/$(SPREAD).xo))
DOOR_XO := $(if $(filter $(KERNEL),$(KERNELS)),$(abspath build/$(DOOR)/$(DOOR).xo))
# VNx names its folders after the platform, without path and extension.
XSA := $(basename $(notdir $(DEVICE)))
VNX_XO := $(VNX)/NetLayers/_x.$(XSA)/networklayer.xo $(VNX)/Ethernet/_x.$(XSA)/cmac_$(INTERFACE).xo
VNX_MOVER_XO := $(foreach mover,$(MOVERS_$(KERNEL)),$(VNX)/Basic_kernels/_x.$(XSA)/$(mover).xo)
MEMORY_MOVER_XO := $(foreach mover,$(HOST_MOVERS_$(KERNEL)),$(abspath build/$(mover)/$(mover).xo))
# The network layer uses HLS IP that differs between cards with and without HBM.
HBM := $(if $(findstring _u5,$(XSA))$(findstring _u280,$(XSA)),HBM,noHBM)
HLS_IP = $(VNX)/NetLayers/100G-fpga-network-stack-core/synthesis_results_$(HBM)
# U50 and U55 have their Ethernet port in SLR1, the others in SLR2.
MOVE_SLR := $(if $(findstring _u5,$(XSA)),s/SLR1/SLR0/; s/SLR2/SLR1/;)

# Ends with one sentence if a program is missing: $(call need,<program>).
need = @command -v $(1) > /dev/null || { echo "Cannot build $(KERNEL): $(1) is missing, source settings64.sh of Vitis" >&2; exit 1; }

.PHONY: help xo all-xo config xclbin clean FORCE
help:
	@sed -n 's/^# make/make/p' $(HERE)Makefile
	@echo "KERNEL is one of $(KERNELS) $(HOST_KERNELS), for xo also $(MEMORY_MOVERS) $(DOOR) $(SPREADS)"
	@echo "INSTANCES is ${COUNTS}"

xo: $(XO)

all-xo:
	$(foreach kernel,$(KERNELS) $(HOST_KERNELS) $(MEMORY_MOVERS) $(DOOR) $(SPREADS),$(MAKE) -f $(HERE)Makefile xo KERNEL=$(kernel) &&) true

$(XO): $(HERE)$(KERNEL)/package_kernel.tcl $(HERE)$(KERNEL)/kernel.xml \\
       $(wildcard $(HERE)$(KERNEL)/$(KERNEL).v $(HERE)$(KERNEL)/$(KERNEL).sv $(HERE)../*.sv)
	$(call need,vivado)
	mkdir -p $(BUILD)
	cd $(BUILD) && vivado -mode batch -notrace -source $< -tclargs $@

xclbin: $(XCLBIN)

ifeq ($(wildcard $(HERE)$(KERNEL)/kernel.xml),)
$(error Cannot build $(KERNEL): there is no such kernel, make help lists all)
endif

# Movers, door and spreads are linked with a kernel.
$(LINKS):
	$(if $(filter $(KERNEL),$(KERNELS) $(HOST_KERNELS)),,$(error Cannot link $(KERNEL): it is linked with a kernel, make help lists those))
	$(error Cannot link $(KERNEL): INSTANCES=$(INSTANCES) is invalid, expected ${COUNTS})

# The configuration for this platform, without linking. It is written again if the platform is another one.
config: $(CONFIG)

define write_config
	if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
endef

ifneq ($(IS_HOST),)
$(MEMORY_MOVER_XO):
	$(MAKE) -f $(HERE)Makefile xo KERNEL=$(basename $(notdir $@))

# DDR[0] stands in for the banks of HBM on platforms without it.
$(CONFIG): $(LINKS) FORCE
ifeq ($(DEVICE),)
	$(error Cannot link $(KERNEL): DEVICE is missing)
endif
	mkdir -p $(BUILD)
	sed -e '$(if $(filter noHBM,$(HBM)),s/HBM\\[[0-9]*\\]/DDR[0]/)' $(LINKS) > $@.new
	$(write_config)

# The configuration comes first: an invalid call ends before Vivado starts.
$(XCLBIN): $(CONFIG) $(XO) $(MEMORY_MOVER_XO)
	$(call need,v++)
	v++ -l -t hw --platform $(DEVICE) --save-temps --temp_dir $(BUILD)/link$(SUFFIX) --config $(CONFIG) \\
	    -j $(JOBS) -o $@ $(XO) $(MEMORY_MOVER_XO)
else
ifneq ($(DOOR_XO),)
$(DOOR_XO):
	$(MAKE) -f $(HERE)Makefile xo KERNEL=$(DOOR) INSTANCES=1
endif

ifneq ($(SPREAD_XO),)
$(SPREAD_XO):
	$(MAKE) -f $(HERE)Makefile xo KERNEL=$(SPREAD) INSTANCES=1
endif

$(CONFIG): $(LINKS) FORCE
ifeq ($(and $(DEVICE),$(VNX)),)
	$(error Cannot link $(KERNEL): DEVICE or VNX is missing)
endif
ifneq ($(filter-out 0 1,$(INTERFACE))$(and $(findstring _u50_,$(XSA)),$(filter 1,$(INTERFACE))),)
	$(error Cannot link $(KERNEL): INTERFACE=$(INTERFACE) is invalid, expected 0, or 1 on cards with two ports)
endif
ifeq ($(wildcard $(VNX)/NetLayers/100G-fpga-network-stack-core/Makefile),)
	$(error Cannot link $(KERNEL): $(VNX) is no clone of VNx with its submodules, git clone --recursive makes one)
endif
	mkdir -p $(BUILD)
	sed -e '$(MOVE_SLR) s/cmac_0/cmac_$(INTERFACE)/g' $(LINKS) > $@.new
	printf '\\n[advanced]\\nparam=compiler.userPostSysLinkOverlayTcl=%s\\n' \\
	    $(abspath $(VNX))/Ethernet/post_sys_link.tcl >> $@.new
	printf '[vivado]\\nprop=run.impl_1.strategy=Performance_NetDelay_low\\n' >> $@.new
	$(write_config)

# VNx's kernels are built once a platform, as by its own makefile: its sources do not change, and HLS takes long. Its
# makefile edits the submodule, so that is reset first.
$(VNX)/NetLayers/_x.$(XSA)/networklayer.xo:
	git -C $(VNX)/NetLayers/100G-fpga-network-stack-core checkout -- .
	$(MAKE) -C $(VNX)/NetLayers all DEVICE=$(DEVICE)

$(VNX)/Ethernet/_x.$(XSA)/cmac_$(INTERFACE).xo:
	$(MAKE) -C $(VNX)/Ethernet all DEVICE=$(DEVICE) INTERFACE=$(INTERFACE)

$(VNX_MOVER_XO):
	$(MAKE) -C $(VNX)/Basic_kernels all DEVICE=$(DEVICE) kernel_list="$(basename $(notdir $@))"

# The configuration comes first: an invalid call ends before Vivado starts.
$(XCLBIN): $(CONFIG) $(XO) $(DOOR_XO) $(SPREAD_XO) $(VNX_XO) $(VNX_MOVER_XO)
	$(call need,v++)
	v++ -l -t hw --platform $(DEVICE) --save-temps --temp_dir $(BUILD)/link$(SUFFIX) --config $(CONFIG) \\
	    --user_ip_repo_paths $(abspath $(HLS_IP)) -j $(JOBS) -o $@ $(XO) $(DOOR_XO) $(SPREAD_XO) $(VNX_XO) $(VNX_MOVER_XO)
endif

clean:
	rm -rf build
`;
}
