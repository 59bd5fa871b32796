/**
 * The Makefile for a card: builds VNx's kernels and this kernel's object file, and links them with v++.
 *
 * @module
 */

import { moversOf } from "./connectivity.ts";
import { type CardKernel, GENERATED } from "./kernels.ts";
import type { CardMover } from "./movers.ts";
import type { Stream } from "./ports.ts";

/**
 * Generates the Makefile.
 *
 * @param kernels Kernels, with the streams of each.
 * @param movers Movers, which are packaged but not linked yet.
 * @returns Text of the file.
 */
export function makefile(
  kernels: readonly { kernel: CardKernel; streams: readonly Stream[] }[],
  movers: readonly CardMover[],
): string {
  const [first] = kernels;
  return `# ${GENERATED}
#
# make xo KERNEL=${first!.kernel.name}
# make xclbin KERNEL=${first!.kernel.name} DEVICE=<platform> VNX=<a clone of Xilinx/xup_vitis_network_example>

KERNELS := ${kernels.map(({ kernel }) => kernel.name).join(" ")}
# Movers are packaged like kernels, but nothing links them yet.
MEMORY_MOVERS := ${movers.map(({ name }) => name).join(" ")}
KERNEL ?= ${first!.kernel.name}
INTERFACE ?= 0
JOBS ?= 4
${kernels.map(({ kernel, streams }) => `MOVERS_${kernel.name} := ${moversOf(streams).join(" ")}`).join("\n")}

HERE := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
BUILD := $(abspath build/$(KERNEL))
XO := $(BUILD)/$(KERNEL).xo
XCLBIN := $(BUILD)/$(KERNEL).xclbin
# VNx names its folders after the platform, without path and extension.
XSA := $(basename $(notdir $(DEVICE)))
VNX_XO := $(VNX)/NetLayers/_x.$(XSA)/networklayer.xo $(VNX)/Ethernet/_x.$(XSA)/cmac_$(INTERFACE).xo
MOVER_XO := $(foreach mover,$(MOVERS_$(KERNEL)),$(VNX)/Basic_kernels/_x.$(XSA)/$(mover).xo)
# The network layer uses HLS IP that differs between cards with and without HBM.
HBM := $(if $(findstring _u5,$(XSA))$(findstring _u280,$(XSA)),HBM,noHBM)
HLS_IP = $(VNX)/NetLayers/100G-fpga-network-stack-core/synthesis_results_$(HBM)
# U50 and U55 have their Ethernet port in SLR1, the others in SLR2.
SLR := $(if $(findstring _u5,$(XSA)),SLR1,SLR2)

.PHONY: help xo all-xo xclbin clean
help:
	@sed -n 's/^# make/make/p' $(HERE)Makefile
	@echo "KERNEL is one of $(KERNELS), for xo also $(MEMORY_MOVERS)"

xo: $(XO)

all-xo:
	$(foreach kernel,$(KERNELS) $(MEMORY_MOVERS),$(MAKE) -f $(HERE)Makefile xo KERNEL=$(kernel) &&) true

$(XO): $(HERE)$(KERNEL)/package_kernel.tcl $(HERE)$(KERNEL)/kernel.xml \\
       $(wildcard $(HERE)$(KERNEL)/$(KERNEL).sv $(HERE)../*.sv)
	mkdir -p $(BUILD)
	cd $(BUILD) && vivado -mode batch -notrace -source $< -tclargs $@

xclbin: $(XCLBIN)

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
	    --user_ip_repo_paths $(abspath $(HLS_IP)) -j $(JOBS) -o $@ $(XO) $(VNX_XO) $(MOVER_XO)

clean:
	rm -rf build
`;
}
