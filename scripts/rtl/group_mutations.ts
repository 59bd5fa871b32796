/**
 * Mutations of the kernels that quantise and dequantise KV caches, group by group.
 *
 * @module
 */

import type { Mutations } from "./path_mutations.ts";

/** Mutations by file and build. */
export const GROUP_MUTATIONS: readonly Mutations[] = [
  {
    file: "packet_quantize.sv",
    build: "packet_quantize",
    places: [
      ["beats <= 5'd16 && (bits", "(bits", "groups of more beats than a group may have pass"],
      ["scaling == COMPUTED ? 2'd2 :", "scaling == COMPUTED ? 2'd1 :", "computed scales have one byte"],
      ["(!first || ready_group)", "1'b1", "values do not wait for their scale"],
      ["(stored ? 16'h3c00 : 16'h3f80) :", "16'h3c00 :", "a scale of one is always f16's"],
      ["void_ && scaling == POWER", "1'b0", "groups with NaN keep their codes, by MX"],
    ],
  },
  {
    file: "group_packets.sv",
    build: "packet_quantize",
    places: [
      ["whole != 19'(length2) || ", "", "packets of no whole groups pass"],
      ["h_ready && n_ready", "h_ready", "a packet's groups are lost if their queue is full"],
      [
        "h_data[175:160] = {2'd0, answer3}",
        "h_data[175:160] = h_data[175:160]",
        "answers keep the request's length",
      ],
    ],
    unseen: {
      "h_ready && n_ready":
        "the queue of headers has as many entries, and two for each packet: it is full before the packets' groups are",
    },
  },
  {
    file: "group_packets.sv",
    build: "packet_dequantize",
    places: [
      ["answer > 19'(ANSWER)", "answer > 19'(ANSWER) + 19'd64", "answers longer than the store pass"],
    ],
  },
  {
    file: "group_walk.sv",
    build: "packet_quantize",
    places: [
      [
        "beat + 5'd1 == cfg_beats",
        "beat + 5'd1 >= cfg_beats - 5'd1 && cfg_beats != 5'd1",
        "groups are a beat short",
      ],
      [
        "n_groups << (cfg_entry >> 1)",
        "n_groups << cfg_entry",
        "the second region of metadata begins elsewhere",
      ],
      [
        "if (ends) group <= last_group ? '0 :",
        "if (ends) group <=",
        "the next packet begins with the last one's group",
      ],
    ],
  },
  {
    file: "group_extremes.sv",
    build: "packet_quantize",
    places: [
      [
        "if (keys[4*q+i] < small_of[q])",
        "if (keys[4*q+i] <= keys[4*q])",
        "the least of four values is another one",
      ],
      [
        "s_data[16*i+15] ? ~s_data[16*i+:16]",
        "s_data[16*i+15] ? s_data[16*i+:16]",
        "negative values are in the wrong order",
      ],
      [
        "for (int q = 1; q < 4; q++) begin",
        "for (int q = 2; q < 4; q++) begin",
        "four values of a beat are left out",
      ],
    ],
  },
  {
    file: "group_scales.sv",
    build: "packet_quantize",
    places: [
      ["power < 0 ? 8'd0 : power[7:0]", "power[7:0]", "a power below the least one wraps"],
      ["e_most == 11'sd400", "1'b0", "groups with an infinity have a power, by MX"],
      [
        "m_scale = cfg_stored ? 16'h3c00 : 16'h3f80",
        "m_scale = step",
        "a group of zeros has a scale of zero",
      ],
      ["sign && minimum != '0", "sign", "a minimum of zero is negative"],
    ],
  },
  {
    file: "quantize_lane.sv",
    build: "packet_quantize",
    places: [
      ["remains || (q12[13] && q12[0])", "remains", "a bit below the quotient decides no tie"],
      ["- (q12[13] ? 11'sd0 : 11'sd1)", "", "quotients below one are twice as large"],
      ["BOUNDED == 1 && e5 > 11'sd127 ? 11'sd127 : e5", "e5", "ranges beyond binary32 stay"],
    ],
  },
  {
    file: "quantize_lanes.sv",
    build: "packet_quantize",
    places: [
      ["s_first ? s_void : void_[0]", "s_void", "only the first beat of a void group is zero"],
      ["cfg_minima ? !minimum_sign : 1'b1", "cfg_minima ? minimum_sign : 1'b1", "minima are added"],
      [
        "first[LATENCY] ? $signed(zero_found[9:0]) : held",
        "$signed(zero_found[9:0])",
        "each beat has another zero point",
      ],
      ["sum > 11'(cfg_upper)", "sum > 11'(cfg_upper) + 11'sd1", "the code above the greatest one is sent"],
      ["is_nan ? cfg_nan :", "1'b0 ? cfg_nan :", "NaN has the code of a number"],
    ],
    unseen: {
      "first[LATENCY] ? $signed(zero_found[9:0]) : held":
        "the group's least value and scale stay for all of its beats, and so does the zero point",
    },
  },
  {
    file: "float_unpack.sv",
    build: "packet_quantize",
    places: [
      ["field == 8'd31 : field == 8'd255", "1'b0 : field == 8'd255", "f16 has no infinities"],
      ["{fraction, 1'b0} << zeros", "{fraction, 1'b0}", "subnormal values keep their zeros"],
    ],
  },
  {
    file: "float_add.sv",
    build: "packet_quantize",
    places: [
      ["aligned[0] = 1'b1;", "aligned[0] = aligned[0];", "bits that are shifted out leave no mark"],
      ["gap > 12'd31 ? 5'd31 : gap[4:0]", "gap[4:0]", "a distance beyond 31 wraps"],
      ["rounded[24] ? e3 + 11'sd1 : e3", "e3", "a sum that rounds up to a power of two is halved"],
    ],
  },
  {
    file: "mantissa_divide.sv",
    build: "packet_quantize",
    places: [
      ["half[24:13] >= divisor", "half[24:13] > divisor", "every second bit of an exact quotient is lost"],
      ["remains = left[7] != '0", "remains = 1'b0", "an inexact quotient counts as exact"],
    ],
  },
  {
    file: "round_number.sv",
    build: "packet_quantize",
    places: [
      ["wide[N+1] || sticky1 ||", "sticky1 ||", "ties are rounded down"],
      ["code2 > 20'(cfg_limit)", "code2 >= 20'(cfg_limit) + 20'd2", "the code above the limit is sent"],
      ["cfg_positive && code2 == 20'd0 && !zero2", "1'b0", "a scale too small to store is zero"],
      ["above > 12'sd511 ? 9'd511 : above[8:0]", "above[8:0]", "exponents beyond the field wrap"],
    ],
  },
  {
    file: "metadata_writer.sv",
    build: "packet_quantize",
    places: [
      ["fresh <= s_last;", "fresh <= 1'b0;", "the next packet's metadata begins where this one's ends"],
      ["held <= full ? '0 : filled;", "held <= filled;", "entries of a beat stay in the next one"],
      ["at == (cfg_double ? 5'd30 : 5'd31)", "at == 5'd31", "beats of entries of two bytes are never full"],
    ],
  },
  {
    file: "group_answers.sv",
    build: "packet_quantize",
    places: [
      ["takes_second ? g_data : '0", "g_data", "the second region is in beats of the first"],
      ["(part == 2'd0 || ends)", "1'b1", "a header's numbers are those of the next packet"],
      [
        "place + 13'd32 > 13'(h_first)",
        "place + 13'd32 >= 13'(h_first)",
        "a second region is taken a beat early",
      ],
    ],
  },
  {
    file: "packet_dequantize.sv",
    build: "packet_dequantize",
    places: [
      ["minima ? second_entry : first_entry", "first_entry", "the minimum is used as the scale"],
      ["(in_second == 2'd0 || second_valid)", "1'b1", "codes do not wait for the second region"],
      ["scaling == POWER ? 2'd1 : 2'd2", "2'd2", "powers have two bytes"],
    ],
  },
  {
    file: "metadata_reader.sv",
    build: "packet_dequantize",
    places: [
      [
        "else if (step) fresh <= last;",
        "else if (step) fresh <= 1'b0;",
        "the next packet's metadata begins where this one's ends",
      ],
      ["step && (last || at", "step && (at", "the rest of a packet's metadata is the next one's"],
      ["beat[{at | 5'd1, 3'd0}+:8]", "beat[{at, 3'd0}+:8]", "both bytes of an entry are the lower one"],
    ],
  },
  {
    file: "dequantize_lane.sv",
    build: "packet_dequantize",
    places: [
      ["if (!infinite0) nan0 = 1'b1;", "", "codes of NaN are numbers"],
      ["nan0 = is_void;", "nan0 = 1'b0;", "void groups are numbers"],
      ["cfg_signed && |(code", "|(code", "codes with a zero point are signed"],
      ["high > 11'sd127 ? 11'sd400 : high", "high", "products beyond binary32 are finite"],
      ["m3[W-1] ? m3 : m3 << 1", "m3", "products below two are halved"],
    ],
  },
  {
    file: "dequantize_lanes.sv",
    build: "packet_dequantize",
    places: [
      ["cfg_zeros ? s_zero : 8'd0", "s_zero", "minima are used as zero points"],
      ["if (s_valid && s_first) {scale", "if (s_first) {scale", "a pause changes a group's scale"],
      ["cfg_minima ? minimum_sign : 1'b1", "1'b1", "minima are negative"],
    ],
    unseen: {
      "if (s_valid && s_first) {scale":
        "a beat that is first stays first until it passes, and takes its scale again",
    },
  },
];
