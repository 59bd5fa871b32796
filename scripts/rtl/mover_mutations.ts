/**
 * What `deno task mutate` breaks in the movers, and in what tells them that a kernel is empty.
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
      ["7'd64 - {1'b0, at[5:0]}", "7'd64", "bursts cross borders of 4096 bytes"],
      ["{1'b0, here} - 8'd1", "{1'b0, here}", "a burst asks for a beat too many"],
    ],
  },
  {
    file: "packet_fetch.sv",
    build: "host_echo",
    places: [
      ["said < slot ? said : slot", "slot < said ? said : slot", "a packet is at least as long as its slot"],
      ["assign wanted = place <= ends_at;", "assign wanted = 1'b1;", "the rest of a slot is sent too"],
      ["~64'd0 >> (6'd63 - tail)", "~64'd0 >> tail", "the last beat of a packet has the bytes that it lacks"],
      ["left == 32'd0 && !asking", "!asking", "packets that were asked for count as fetched"],
    ],
  },
  {
    file: "packet_store.sv",
    build: "host_echo",
    places: [
      [
        "assign fits   = length <= slot;",
        "assign fits   = length < slot;",
        "an answer of a slot's size is too long",
      ],
      [
        "(!fits || stored == room)) state <= DROP;",
        "!fits) state <= DROP;",
        "an answer without a slot blocks",
      ],
      [
        "left == 11'd1 ? ~64'd0 >> (6'd63 - tail)",
        "left == 11'd1 ? ~64'd0 >> (6'd62 - tail)",
        "a byte behind an answer is written",
      ],
      [
        "left == 11'd1 || in_page == 6'd63;",
        "left == 11'd1 || in_page == 6'd62;",
        "bursts end a beat before a border",
      ],
      [
        "&& !asking && open == 32'd0;",
        "&& !asking && open < 32'd2;",
        "memory need not confirm the last burst",
      ],
      ["at <= at + {47'd0, slot[16:6]};", "at <= at + {47'd0, beats};", "answers stand without gaps"],
      ["at <= to + 58'd1;", "at <= to;", "the first answer stands where the status goes"],
      ["ended ? 512'd0 : s_axis_tdata", "s_axis_tdata", "a beat that waits shows what comes behind it"],
      ["ended ? 64'd0 :", "", "beats that did not come are written"],
      ["ended || over ? LOOK : DROP", "LOOK", "the rest of an answer is taken for another one"],
    ],
  },
  {
    file: "onpath_packets.sv",
    build: "host_echo",
    places: [
      [
        "entered == sent && left == received",
        "entered == sent && left >= received",
        "answers on their way are not waited for",
      ],
      [
        "entered == sent && left == received",
        "entered <= sent && left == received",
        "packets on their way are not waited for",
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
        "a kernel is empty with two packets inside",
      ],
      [
        "state == ASK ? PRESENT : host_araddr",
        "state == ASK ? PRESENT : host_araddr ^ 12'h4",
        "the host reads another register",
      ],
      ["state == HOST && core_rvalid;", "core_rvalid;", "the host hears what the watch has asked for"],
    ],
  },
  {
    file: "onpath_tables.sv",
    build: "host_echo",
    places: [
      ["(left + 32'd7) >> 3", "left >> 3", "the last beat of wide entries is not asked for"],
      ["wide ? 5'd8 : 5'd16;", "5'd8;", "half of the narrow entries are lost"],
      [
        "wide ? beat[63:0] : {32'd0, beat[31:0]}",
        "beat[63:0]",
        "narrow entries come with the next one above",
      ],
      ["done <= done + 32'd1;", "done <= done + 32'd2;", "every second load is left out"],
    ],
  },
];
