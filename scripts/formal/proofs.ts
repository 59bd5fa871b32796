/**
 * List of the proofs of `deno task formal`. docs/proofs.md explains them, and its table is this list.
 *
 * @module
 */

/** Change that breaks a module, so that its proof must fail. */
export interface Break {
  /** File in `kernels/rtl`. */
  readonly file: string;
  /** Text to replace; it occurs once in the file. */
  readonly text: string;
  /** Text that replaces it. */
  readonly replacement: string;
  /** Effect of the change. */
  readonly wrong: string;
}

/** Proof of one wrapper module, in `tests/rtl/formal`. Plain data. */
export interface Proof {
  /** Name, for `--only`. */
  readonly name: string;
  /** Wrapper module with the properties, and its file. */
  readonly wrapper: string;
  /** Modules of `kernels/rtl` that are proven, the first one and those in it. */
  readonly modules: readonly string[];
  /** Files in `tests/rtl/formal` that stand for modules. */
  readonly stubs?: readonly string[];
  /** Parameters of the wrapper that differ from its defaults. */
  readonly parameters?: Readonly<Record<string, number>>;
  /** Properties, as a list in words. */
  readonly properties: string;
  /** Cycles from reset in which no property fails: the base case, or all that is proven. */
  readonly depth: number;
  /** Steps of the induction; null if the proof is bounded to `depth`. */
  readonly induction: number | null;
  /** Breaks of the modules that the proof finds within `depth` or `breakDepth` cycles. */
  readonly breaks: readonly Break[];
  /** Cycles in which a break shows, if more than `depth`. */
  readonly breakDepth?: number;
}

const CRC_STUBS = ["crc32c_beat_any", "crc32c_trim_any"];

/** All proofs, in the order of the table. */
export const PROOFS: readonly Proof[] = [
  {
    name: "axis_skid",
    wrapper: "axis_skid_formal",
    modules: ["axis_skid"],
    properties: "valid held, data stable; order, no loss, no copy; two beats fit",
    depth: 3,
    induction: 2,
    breakDepth: 6,
    breaks: [
      {
        file: "axis_skid.sv",
        text: "if (!full) spare <= s_data;",
        replacement: "spare <= s_data;",
        wrong: "the spare beat is overwritten in a stall",
      },
      {
        file: "axis_skid.sv",
        text: "if (m_ready || !m_valid) m_data",
        replacement: "if (m_ready || !full) m_data",
        wrong: "a stalled beat changes",
      },
    ],
  },
  {
    name: "beat_fifo",
    wrapper: "beat_fifo_formal",
    modules: ["beat_fifo"],
    properties: "valid held, data stable; order, no loss, no copy; capacity; four words",
    depth: 3,
    induction: 2,
    breakDepth: 8,
    breaks: [{
      file: "beat_fifo.sv",
      text: "(head - tail) != (AW + 1)'(2 ** AW)",
      replacement: "(head - tail) != (AW + 1)'(2 ** AW + 1)",
      wrong: "a full store accepts a beat",
    }],
  },
  {
    name: "flow_pick",
    wrapper: "flow_pick_formal",
    modules: ["flow_pick"],
    properties: "a ready flow is chosen; none between the last choice and it is ready",
    depth: 3,
    induction: 1,
    breaks: [
      {
        file: "flow_pick.sv",
        text: "assign flow = |later ? next : first;",
        replacement: "assign flow = first;",
        wrong: "the lowest flow keeps the others waiting",
      },
      {
        file: "flow_pick.sv",
        text: "FW'(n) > flow;",
        replacement: "FW'(n) >= flow;",
        wrong: "a flow is chosen again while others are ready",
      },
    ],
  },
  {
    name: "drop_queue",
    wrapper: "drop_queue_formal",
    modules: ["drop_queue"],
    properties: "valid held, data stable; packets whole or not at all; order, no loss, no copy; drops only " +
      "without room; the limit",
    depth: 4,
    induction: 2,
    breakDepth: 9,
    breaks: [
      {
        file: "drop_queue.sv",
        text: "else if (s_valid) head <= whole;",
        replacement: "else if (s_valid && s_last) head <= whole;",
        wrong: "a dropped packet keeps its words until its end",
      },
      {
        file: "drop_queue.sv",
        text: "assign keep = s_valid && room && !spoiled;",
        replacement: "assign keep = s_valid && room;",
        wrong: "the end of a packet is stored without its beginning",
      },
      {
        file: "drop_queue.sv",
        text: "held + (AW + 1)'(2) <= limit",
        replacement: "held + (AW + 1)'(1) <= limit",
        wrong: "a beat is stored beyond the limit",
      },
      {
        file: "drop_queue.sv",
        text: "assign read = whole != tail",
        replacement: "assign read = head != tail",
        wrong: "a packet leaves before its end has come",
      },
    ],
  },
  {
    name: "axi_bursts",
    wrapper: "axi_bursts_formal",
    modules: ["axi_bursts"],
    properties: "request held and stable; within 4096 bytes; contiguous; as many beats as the stretch",
    depth: 3,
    induction: 2,
    breakDepth: 6,
    breaks: [
      {
        file: "axi_bursts.sv",
        text: "7'd64 - {1'b0, at[5:0]}",
        replacement: "7'd64",
        wrong: "bursts cross boundaries of 4096 bytes",
      },
      {
        file: "axi_bursts.sv",
        text: "else if (a_valid && a_ready) at <=",
        replacement: "else if (a_valid) at <=",
        wrong: "an offered address changes",
      },
    ],
  },
  {
    name: "packet_fetch",
    wrapper: "packet_fetch_formal",
    modules: ["packet_fetch", "axi_bursts", "axis_skid"],
    parameters: { BEATS: 2 },
    properties: "AXI4 reads as axi_bursts; idle when all beats have come; TLAST and TKEEP by the header; " +
      "stream held and stable; errors and packets reported once; slots of two beats",
    depth: 4,
    induction: 2,
    breakDepth: 5,
    breaks: [
      {
        file: "packet_fetch.sv",
        text: "left == 32'd0 && !asking",
        replacement: "!asking",
        wrong: "idle while beats are owed",
      },
      {
        file: "packet_fetch.sv",
        text: "~64'd0 >> (6'd63 - tail)",
        replacement: "~64'd0 >> tail",
        wrong: "TKEEP marks the wrong bytes",
      },
    ],
  },
  {
    name: "packet_fetch, slots of 23 beats",
    wrapper: "packet_fetch_formal",
    modules: ["packet_fetch", "axi_bursts", "axis_skid"],
    parameters: { BEATS: 23 },
    properties: "the same with slots of 23 beats, the size for 1408 bytes",
    depth: 6,
    induction: null,
    breaks: [{
      file: "packet_fetch.sv",
      text: "assign wanted = place <= ends_at;",
      replacement: "assign wanted = 1'b1;",
      wrong: "the rest of a slot is sent too",
    }],
  },
  {
    name: "packet_store",
    wrapper: "packet_store_formal",
    modules: ["packet_store", "axi_bursts"],
    properties:
      "AXI4 writes as axi_bursts; data held and stable, cut where the bursts are, WLAST at each end; " +
      "no data before its first address is offered; responses counted; answers counted once",
    depth: 4,
    induction: 2,
    breakDepth: 7,
    breaks: [
      {
        file: "packet_store.sv",
        text: "&& !asking && open == 32'd0;",
        replacement: "&& !asking && open < 32'd2;",
        wrong: "idle before memory confirms the last burst",
      },
      {
        file: "packet_store.sv",
        text: "ended ? 512'd0 : s_axis_tdata",
        replacement: "s_axis_tdata",
        wrong: "the data of a stalled padding beat changes",
      },
      {
        file: "packet_store.sv",
        text: "(!fits || stored == room)) state <= DROP;",
        replacement: "!fits) state <= DROP;",
        wrong: "an answer without a slot is counted in each cycle",
      },
    ],
  },
  {
    name: "mover_control",
    wrapper: "mover_control_formal",
    modules: ["mover_control", "axil_control"],
    properties: "AXI4-Lite answers once, held, stable; arguments read back; start held; done and interrupt",
    depth: 4,
    induction: 2,
    breakDepth: 8,
    breaks: [
      {
        file: "axil_control.sv",
        text: "s_axi_control_wvalid && !s_axi_control_bvalid;",
        replacement: "s_axi_control_wvalid;",
        wrong: "a write is accepted before the last one is answered",
      },
      {
        file: "mover_control.sv",
        text: "(high[32*n+:32] & ~strobe) |",
        replacement: "",
        wrong: "bytes without a strobe are cleared",
      },
      {
        file: "axil_control.sv",
        text: "if (taken) done <= 1'b1;",
        replacement: "if (taken && !read) done <= 1'b1;",
        wrong: "an end in the cycle of a read is lost",
      },
    ],
  },
  {
    name: "words_port",
    wrapper: "words_port_formal",
    modules: ["words_port"],
    properties:
      "request held and stable; order; id, word and address of each request; 16 in flight; errors counted",
    depth: 4,
    induction: 2,
    breakDepth: 6,
    breaks: [
      {
        file: "words_port.sv",
        text: "{core_arid, at[5:4]};",
        replacement: "{core_arid, core_araddr[5:4]};",
        wrong: "the word is chosen without the buffer's address",
      },
      {
        file: "words_port.sv",
        text: "(!m_axi_gmem_arvalid || m_axi_gmem_arready);",
        replacement: "1'b1;",
        wrong: "a request is overwritten before memory accepts it",
      },
    ],
  },
  {
    name: "packet_out, stream",
    wrapper: "packet_out_formal",
    modules: ["packet_out", "beat_fifo", "axis_skid"],
    stubs: CRC_STUBS,
    properties: "valid held, data stable; two header beats, then payload; TLAST in the payload; " +
      "one destination for each packet that leaves or is dropped",
    depth: 4,
    induction: 2,
    breakDepth: 13,
    breaks: [{
      file: "packet_out.sv",
      text: "assign o_last = part == 2'd2 && p_last;",
      replacement: "assign o_last = p_last;",
      wrong: "a packet ends in its header",
    }],
  },
  {
    name: "packet_out, packets",
    wrapper: "packet_out_formal",
    modules: ["packet_out", "beat_fifo", "axis_skid"],
    stubs: CRC_STUBS,
    parameters: { COUNTED: 1 },
    properties: "headers never overflow; at most as many packets inside as payload beats fit",
    depth: 14,
    induction: null,
    breaks: [{
      file: "packet_out.sv",
      text: "assign h_ready = late ||",
      replacement: "assign h_ready = (late && !p_last) ||",
      wrong: "a dropped packet keeps its header",
    }],
  },
  {
    name: "packet_in, stream",
    wrapper: "packet_in_formal",
    modules: ["packet_in", "beat_fifo", "axis_skid"],
    stubs: CRC_STUBS,
    properties: "valid held, data stable; a drop has a reason, and a judgement",
    depth: 4,
    induction: 2,
    breakDepth: 17,
    breaks: [{
      file: "packet_in.sv",
      text: "assign more = !m_valid || m_ready;",
      replacement: "assign more = 1'b1;",
      wrong: "a stalled beat is overwritten",
    }],
  },
  {
    name: "packet_in, packets",
    wrapper: "packet_in_formal",
    modules: ["packet_in", "beat_fifo", "axis_skid"],
    stubs: CRC_STUBS,
    parameters: { COUNTED: 1 },
    properties: "parts in order; stores never overflow; each packet passes or is dropped once; nothing stays",
    depth: 17,
    induction: null,
    breaks: [{
      file: "packet_in.sv",
      text: "else if (read) tail <= tail + 1'b1;",
      replacement: "else if (read && !done) tail <= tail + 1'b1;",
      wrong: "the last beat of a packet stays in the store",
    }],
  },
];
