/**
 * Mutations of the movers, and of the modules that report an empty kernel to them.
 *
 * @module
 */

import type { Mutations } from "./path_mutations.ts";

/** Mutations of the movers. */
export const MOVER_MUTATIONS: readonly Mutations[] = [
  {
    file: "axi_bursts.sv",
    build: "host_echo",
    places: [
      ["7'd64 - {1'b0, at[5:0]}", "7'd64", "bursts cross boundaries of 4096 bytes"],
      ["{1'b0, here} - 8'd1", "{1'b0, here}", "a burst requests one beat too many"],
    ],
  },
  {
    file: "packet_fetch.sv",
    build: "host_echo",
    places: [
      ["said < slot ? said : slot", "slot < said ? said : slot", "a packet is at least as long as its slot"],
      ["assign wanted = place <= ends_at;", "assign wanted = 1'b1;", "the rest of a slot is sent too"],
      [
        "~64'd0 >> (6'd63 - tail)",
        "~64'd0 >> tail",
        "TKEEP of the last beat marks the wrong number of bytes",
      ],
      ["left == 32'd0 && !asking", "!asking", "packets that are in flight count as fetched"],
    ],
  },
  {
    file: "packet_store.sv",
    build: "host_echo",
    places: [
      [
        "assign fits   = length <= slot;",
        "assign fits   = length < slot;",
        "an answer of exactly a slot's size is dropped",
      ],
      [
        "(!fits || stored == room)) state <= DROP;",
        "!fits) state <= DROP;",
        "an answer without a slot blocks",
      ],
      [
        "left == 11'd1 ? ~64'd0 >> (6'd63 - tail)",
        "left == 11'd1 ? ~64'd0 >> (6'd62 - tail)",
        "a byte after the end of an answer is written",
      ],
      [
        "left == 11'd1 || in_page == 6'd63;",
        "left == 11'd1 || in_page == 6'd62;",
        "bursts end a beat before a boundary of 4096 bytes",
      ],
      [
        "&& !asking && open == 32'd0;",
        "&& !asking && open < 32'd2;",
        "a run completes before memory confirms the last burst",
      ],
      [
        "at <= at + {47'd0, slot[16:6]};",
        "at <= at + {47'd0, beats};",
        "answers are written without padding to their slots",
      ],
      ["at <= to + 58'd1;", "at <= to;", "the first answer is written to the status's slot"],
      ["ended ? 512'd0 : s_axis_tdata", "s_axis_tdata", "the data of a stalled padding beat changes"],
      ["ended ? 64'd0 :", "", "padding beats are written as data"],
      ["ended || over ? LOOK : DROP", "LOOK", "the rest of an answer counts as another answer"],
    ],
  },
  {
    file: "onpath_packets.sv",
    build: "host_echo",
    places: [
      [
        "entered == sent && left == received",
        "entered == sent && left >= received",
        "answers in flight are not waited for",
      ],
      [
        "entered == sent && left == received",
        "entered <= sent && left == received",
        "packets in flight are not waited for",
      ],
    ],
  },
  {
    file: "quiet_watch.sv",
    build: "host_echo",
    places: [
      [
        "core_rvalid && core_rdata == 32'd0;",
        "core_rvalid && core_rdata < 32'd3;",
        "a kernel with two packets inside counts as empty",
      ],
      [
        "state == ASK ? PRESENT : host_araddr",
        "state == ASK ? PRESENT : host_araddr ^ 12'h4",
        "the host reads another register",
      ],
      [
        "state == HOST && core_rvalid;",
        "core_rvalid;",
        "the host receives the answer to the watch's request",
      ],
    ],
  },
  {
    file: "onpath_tables.sv",
    build: "host_echo",
    places: [
      ["(left + 32'd7) >> 3", "left >> 3", "the last beat of wide entries is not requested"],
      ["wide ? 5'd8 : 5'd16;", "5'd8;", "half of the narrow entries are lost"],
      [
        "wide ? beat[63:0] : {32'd0, beat[31:0]}",
        "beat[63:0]",
        "the upper half of a narrow entry is the next entry",
      ],
      ["done <= done + 32'd1;", "done <= done + 32'd2;", "every second load is skipped"],
    ],
  },
  {
    file: "page_fetch.sv",
    build: "linked_image",
    places: [
      [
        "(CW + 2)'(listed) + (CW + 2)'(list_beats) <=",
        "(CW + 2)'(listed) <=",
        "more descriptors are requested than fit",
      ],
      [
        "(AW + 2)'(reserved) + (AW + 2)'(data_beats) <=",
        "(AW + 2)'(reserved) <=",
        "more entries are requested than fit",
      ],
      [
        "{1'b0, entries[31:1]} + {31'd0, entries[0]}",
        "{1'b0, entries[31:1]}",
        "the last eight entries are missing",
      ],
      ["unlisted == 32'd0 && listed == '0;", "unlisted == 32'd0;", "a run is done before its words are sent"],
      ["take && m_axi_gmem_rresp[1];", "1'b0;", "beats that memory refuses are not counted"],
      [
        "assign may_list = list_sized &&",
        "assign may_list = list_sized && wanted == 32'd0 && reserved == '0 &&",
        "descriptors wait for entries",
      ],
    ],
    unseen: {
      "{1'b0, entries[31:1]} + {31'd0, entries[0]}":
        "a page has 128 bytes for each column weight: no list has an odd number of words",
    },
  },
  {
    file: "flow_spread.sv",
    build: "spread_echo",
    places: [
      [
        "begun ? chosen : folded",
        "begun && chosen == folded ? chosen : folded",
        "each beat of a packet goes where its bytes say",
      ],
      ["folded[n%LN] ^= m_data[64+n]", "folded[n%LN] &= m_data[64+n]", "all flows go to the first instance"],
    ],
  },
  {
    file: "flow_collect.sv",
    build: "spread_echo",
    places: [
      ["begun ? from : next", "begun && from == next ? from : next", "answers of two instances are mixed"],
      ["!(ready && s_last[now])", "!s_last[now]", "an answer's last beat may be replaced while it stalls"],
    ],
  },
  {
    file: "whole_queue.sv",
    build: "spread_echo",
    places: [
      [
        "begun || whole != '0 || !s_ready",
        "begun || whole != '0",
        "an answer longer than the queue never leaves",
      ],
      ["assign open = begun ||", "assign open = 1'b1 || begun ||", "an answer leaves with gaps"],
    ],
  },
  {
    file: "mover_control.sv",
    build: "host_echo",
    places: [
      [
        "if (s_axi_control_awaddr[11:3] == 9'd2 + 9'(n))",
        "if (s_axi_control_awaddr[11:3] == 9'd3 + 9'(n))",
        "the upper word of an address is stored to the argument before",
      ],
      [
        "&& s_axi_control_awready && between)",
        "&& s_axi_control_awready)",
        "lower words are stored as upper ones",
      ],
      ["read_between ? read_high : read_low", "read_low", "upper words are read as others"],
      [".taken (finish)", ".taken (running)", "a run is done when it begins"],
      [".counts(errors)", ".counts(32'd0)", "beats that memory refuses are not reported"],
    ],
  },
  {
    file: "host_echo.sv",
    build: "host_echo",
    places: [
      [
        "else if (answer_valid && answer_ready) begins",
        "else if (answer_valid) begins",
        "a header that stalls announces its own length",
      ],
      ["table_valid && !table_holds", "table_valid", "words that are held back count"],
      [
        "(from_valid && from_ready && from_last)",
        "(from_valid && from_last)",
        "a stalled answer counts again",
      ],
    ],
  },
  {
    file: "onpath_pages.sv",
    build: "linked_image",
    places: [
      ["(running && !begun)", "(running)", "a list begins again before its last load"],
      ["finish = begun && sent", "finish = sent", "a run is done before it begins"],
      ["errors + {31'd0, failed}", "{31'd0, failed}", "the count of refused beats is forgotten"],
    ],
  },
  {
    file: "words_port.sv",
    build: "linked_tokenize",
    places: [
      ["if (write_addr[2]) base", "if (1'b0) base", "the upper half of the address replaces the lower one"],
      ["9'd2 + 9'(ARGS)", "9'd1 + 9'(ARGS)", "the buffer's address is the argument before"],
      ["[128*word+:128]", "[127:0]", "each word is the first of its beat"],
      ["m_axi_gmem_rready = core_rready", "m_axi_gmem_rready = 1'b1", "a word is lost if the core stalls it"],
      ["told && m_axi_gmem_rresp[1]", "1'b0", "words that memory refuses are not counted"],
      ["head - tail == 5'd16", "head - tail == 5'd17", "the seventeenth id overwrites the first"],
    ],
    unseen: { "head - tail == 5'd16": "the core has eight flows, and each waits for one word at most" },
  },
];
