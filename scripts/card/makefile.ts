/**
 * The Makefile for a card: builds this kernel's object file, and links it with v++: in network mode with VNx's kernels,
 * in host mode with the movers before the card's memory.
 *
 * @module
 */

import { moversOf as hostMovers } from "../../kernels/rtl/movers.ts";
import { moversOf } from "./connectivity.ts";
import { type CardKernel, GENERATED } from "./kernels.ts";
import type { CardMover } from "./movers.ts";
import type { Stream } from "./ports.ts";

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

# Packets from the network shell.
KERNELS := ${network.map(({ kernel }) => kernel.name).join(" ")}
# Packets from the card's memory, by the movers.
HOST_KERNELS := ${host.map(({ kernel }) => kernel.name).join(" ")}
MEMORY_MOVERS := ${movers.map(({ name }) => name).join(" ")}
KERNEL ?= ${first!.kernel.name}
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
XCLBIN := $(BUILD)/$(KERNEL).xclbin
IS_HOST := $(filter $(KERNEL),$(HOST_KERNELS))
# VNx names its folders after the platform, without path and extension.
XSA := $(basename $(notdir $(DEVICE)))
VNX_XO := $(VNX)/NetLayers/_x.$(XSA)/networklayer.xo $(VNX)/Ethernet/_x.$(XSA)/cmac_$(INTERFACE).xo
VNX_MOVER_XO := $(foreach mover,$(MOVERS_$(KERNEL)),$(VNX)/Basic_kernels/_x.$(XSA)/$(mover).xo)
MEMORY_MOVER_XO := $(foreach mover,$(HOST_MOVERS_$(KERNEL)),$(abspath build/$(mover)/$(mover).xo))
# The network layer uses HLS IP that differs between cards with and without HBM.
HBM := $(if $(findstring _u5,$(XSA))$(findstring _u280,$(XSA)),HBM,noHBM)
HLS_IP = $(VNX)/NetLayers/100G-fpga-network-stack-core/synthesis_results_$(HBM)
# U50 and U55 have their Ethernet port in SLR1, the others in SLR2.
SLR := $(if $(findstring _u5,$(XSA)),SLR1,SLR2)

.PHONY: help xo all-xo xclbin clean
help:
	@sed -n 's/^# make/make/p' $(HERE)Makefile
	@echo "KERNEL is one of $(KERNELS) $(HOST_KERNELS), for xo also $(MEMORY_MOVERS)"

xo: $(XO)

all-xo:
	$(foreach kernel,$(KERNELS) $(HOST_KERNELS) $(MEMORY_MOVERS),$(MAKE) -f $(HERE)Makefile xo KERNEL=$(kernel) &&) true

$(XO): $(HERE)$(KERNEL)/package_kernel.tcl $(HERE)$(KERNEL)/kernel.xml \\
       $(wildcard $(HERE)$(KERNEL)/$(KERNEL).sv $(HERE)../*.sv)
	mkdir -p $(BUILD)
	cd $(BUILD) && vivado -mode batch -notrace -source $< -tclargs $@

xclbin: $(XCLBIN)

ifneq ($(IS_HOST),)
$(MEMORY_MOVER_XO):
	$(MAKE) -f $(HERE)Makefile xo KERNEL=$(basename $(notdir $@))

# DDR[0] stands in for the banks of HBM on platforms without it.
$(XCLBIN): $(XO) $(MEMORY_MOVER_XO) $(HERE)$(KERNEL)/connectivity.cfg
ifeq ($(DEVICE),)
	$(error Cannot link $(KERNEL): DEVICE is missing)
endif
	sed -e '$(if $(filter noHBM,$(HBM)),s/HBM\\[[0-9]*\\]/DDR[0]/)' $(HERE)$(KERNEL)/connectivity.cfg > $(BUILD)/link.cfg
	v++ -l -t hw --platform $(DEVICE) --save-temps --temp_dir $(BUILD)/link --config $(BUILD)/link.cfg \\
	    -j $(JOBS) -o $@ $(XO) $(MEMORY_MOVER_XO)
else
$(XCLBIN): $(XO) $(HERE)$(KERNEL)/connectivity.cfg
ifeq ($(and $(DEVICE),$(VNX)),)
	$(error Cannot link $(KERNEL): DEVICE or VNX is missing)
endif
	$(MAKE) -C $(VNX)/NetLayers all DEVICE=$(DEVICE)
	$(MAKE) -C $(VNX)/Ethernet all DEVICE=$(DEVICE) INTERFACE=$(INTERFACE)
	$(MAKE) -C $(VNX)/Basic_kernels all DEVICE=$(DEVICE) kernel_list="$(MOVERS_$(KERNEL))"
	sed -e 's/SLR2/$(SLR)/; s/cmac_0/cmac_$(INTERFACE)/g' $(HERE)$(KERNEL)/connectivity.cfg > $(BUILD)/link.cfg
	printf '\\n[advanced]\\nparam=compiler.userPostSysLinkOverlayTcl=%s\\n' \\
	    $(abspath $(VNX))/Ethernet/post_sys_link.tcl >> $(BUILD)/link.cfg
	v++ -l -t hw --platform $(DEVICE) --save-temps --temp_dir $(BUILD)/link --config $(BUILD)/link.cfg \\
	    --user_ip_repo_paths $(abspath $(HLS_IP)) -j $(JOBS) -o $@ $(XO) $(VNX_XO) $(VNX_MOVER_XO)
endif

clean:
	rm -rf build
`;
}
