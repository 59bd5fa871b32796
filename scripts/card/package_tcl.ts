/**
 * `package_kernel.tcl`: packages the SystemVerilog as the kernel's object file (.xo) in Vivado, by the steps
 * of AMD's own RTL kernel examples.
 *
 * @module
 */

import { GENERATED, VLNV } from "./kernels.ts";
import { MEMORY_PORT } from "./movers.ts";
import type { Stream } from "./ports.ts";
import type { Register } from "./registers.ts";
import { innerName } from "./verilog_top.ts";

/** Inputs of the script. */
export interface Package {
  /** Name of the kernel and of its top module. */
  readonly name: string;
  /** Location of the kernel's SystemVerilog: beside the script, or with the other modules. */
  readonly top: "here" | "rtl";
  /** Streams of the top module. */
  readonly streams: readonly Stream[];
  /** Modules of the kernel, without the top. */
  readonly modules: readonly string[];
  /** Registers, by address; without any, the kernel runs without a start. */
  readonly registers: readonly Register[];
  /** Registers that are addresses; without any, the kernel has no memory port. */
  readonly buffers: readonly string[];
}

/**
 * Generates the script. It runs in the folder of `kernel.xml`, two levels below the sources.
 *
 * @param kernel Kernel or mover to package.
 * @returns The Tcl.
 */
export function packageTcl({ name, top, streams, modules, registers, buffers }: Package): string {
  const memory = buffers.length > 0 ? [MEMORY_PORT.name] : [];
  const control = registers.length > 0 ? ["s_axi_control"] : [];
  const inner = innerName(name);
  const buses = [...control, ...memory, ...streams.map((stream) => stream.name)];
  return `# ${GENERATED}
#
# vivado -mode batch -source package_kernel.tcl -tclargs <${name}.xo>
# Vivado creates its projects in the current folder.

if { $::argc != 1 } {
    puts "Cannot package ${name}: expected one argument, the .xo to write"
    exit 1
}
set xo [file normalize [lindex $::argv 0]]
set here [file dirname [file normalize [info script]]]
set rtl [file normalize [file join $here .. ..]]
set packaged [file normalize packaged_${name}]
set project [file normalize project_${name}]

# No part is given, because the IP is for every family and v++ synthesizes it for the platform.
create_project -force package_${name} $project
# UG1118 requires a top in Verilog. It has the kernel's name, so the SystemVerilog gets another one.
set from [open [file join $${top} ${name}.sv]]
set text [read $from]
close $from
if {[regsub -all {(?n)^module ${name}\\M} $text {module ${inner}} text] != 1} {
    puts "Cannot package ${name}: ${name}.sv does not have its module once"
    exit 1
}
set inner [file normalize ${inner}.sv]
set to [open $inner w]
puts -nonewline $to $text
close $to

set sources [list [file join $here ${name}.v] $inner]
foreach module {
${modules.map((module) => `    ${module}`).join("\n")}
} {
    lappend sources [file join $rtl $module.sv]
}
add_files -norecurse $sources
set_property top ${name} [current_fileset]
update_compile_order -fileset sources_1

ipx::package_project -root_dir $packaged -vendor ${VLNV.vendor} -library ${VLNV.library} \\
    -taxonomy /KernelIP -import_files -set_current false
ipx::unload_core $packaged/component.xml
ipx::edit_ip_in_project -upgrade true -name edit_${name} -directory $packaged $packaged/component.xml
set core [ipx::current_core]
set_property version ${VLNV.version} $core
set_property core_revision 1 $core
foreach parameter [ipx::get_user_parameters] {
    ipx::remove_user_parameter [get_property NAME $parameter] $core
}
foreach bus {${buses.join(" ")}} {
    ipx::associate_bus_interfaces -busif $bus -clock ap_clk $core
}

${registers.length > 0 ? registerBlock(registers, buffers) : ""}set_property sdx_kernel true $core
set_property sdx_kernel_type rtl $core
set_property supported_families { } $core
set_property auto_family_support_level level_2 $core
ipx::create_xgui_files $core
ipx::update_checksums $core
ipx::check_integrity -kernel $core
ipx::save_core $core
close_project -delete

if {[file exists $xo]} { file delete -force $xo }
package_xo -xo_path $xo -kernel_name ${name} -ip_directory $packaged \\
    -kernel_xml [file join $here kernel.xml]
`;
}

/** Registers as the packaged IP describes them. */
function registerBlock(registers: readonly Register[], buffers: readonly string[]): string {
  return `# ---- registers: name, address, meaning, fields {name, first bit, bits, access, meaning} ----
set map [::ipx::add_memory_map -quiet s_axi_control $core]
set block [::ipx::add_address_block -quiet reg0 $map]
foreach {name address meaning fields} {
${registers.map(registerLines).join("\n")}
} {
    set register [::ipx::add_register -quiet $name $block]
    set_property description $meaning $register
    set_property address_offset $address $register
    set_property size 32 $register
${bufferLines(buffers)}    foreach {field bit width access about} $fields {
        set bits [ipx::add_field $field $register]
        set_property ACCESS $access $bits
        set_property BIT_OFFSET $bit $bits
        set_property BIT_WIDTH $width $bits
        set_property DESCRIPTION $about $bits
    }
}
set_property slave_memory_map_ref s_axi_control [::ipx::get_bus_interfaces -of $core s_axi_control]

`;
}

/** Extra properties of an address register: its size, and the port that it addresses. */
function bufferLines(buffers: readonly string[]): string {
  if (buffers.length === 0) return "";
  return `    if {[lsearch -exact {${buffers.join(" ")}} $name] >= 0} {
        set_property size 64 $register
        set port [::ipx::add_register_parameter -quiet {ASSOCIATED_BUSIF} $register]
        set_property value ${MEMORY_PORT.name} $port
    }
`;
}

function registerLines({ name, address, meaning, fields }: Register): string {
  const list = fields.map(({ name, bit, width, readOnly, meaning }) =>
    `{${name}} ${bit} ${width} ${readOnly ? "read-only" : "read-write"} ${word(meaning)}`
  );
  return `    ${name} 0x${address.toString(16).toUpperCase().padStart(3, "0")} ${word(meaning)} {${
    list.join(" ")
  }}`;
}

/** Quotes a word of a Tcl list with braces; the text must not contain braces or backslashes. */
function word(text: string): string {
  if (/[{}\\]/.test(text)) throw new Error(`Cannot write "${text}" into Tcl: it has a brace`);
  return `{${text}}`;
}
