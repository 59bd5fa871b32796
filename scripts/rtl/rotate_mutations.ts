/**
 * Mutations of rotated vectors and of packed codes.
 *
 * @module
 */

import type { Mutations } from "./path_mutations.ts";

/** Mutations of the rotation, of its integers and of its packets. */
export const ROTATE_MUTATIONS: readonly Mutations[] = [
  {
    file: "vector_align.sv",
    build: "packet_rotate",
    places: [
      [".s_data (peak2 > peak ? peak2 : peak),", ".s_data (peak2),", "the last beat alone aligns a vector"],
      ["tail[11] && (tail[12] ||", "tail[11] && (1'b1 ||", "ties of aligned values go up"],
      ["far3 && tail[11] &&", "tail[11] &&", "whole units are rounded too"],
    ],
  },
  {
    file: "hadamard_delay.sv",
    build: "packet_rotate",
    places: [
      [
        "if (cfg_on && s_valid && paired) ends",
        "if (cfg_on && s_valid) ends",
        "a packet ends one vector late",
      ],
      [
        "cfg_on ? left || (s_valid && paired)",
        "cfg_on ? s_valid && (left || paired)",
        "differences wait for beats",
      ],
    ],
  },
  {
    file: "vector_norm.sv",
    build: "packet_rotate",
    places: [
      ["moved[25:0] != 26'd0 && !more", "1'b0 && !more", "thresholds between two units are rounded down"],
      [
        "units < -10'sd26 ? 6'd46",
        "units < -10'sd26 ? 6'd20",
        "thresholds of saturated norms are not shifted",
      ],
      ["({lasts[3], peaks[3]})", "({lasts[3], peaks[2]})", "a norm has the peak that follows its own"],
    ],
  },
  {
    file: "nearest_codes.sv",
    build: "packet_rotate",
    places: [
      ["? ~s_data[31*i+:30]", "? -s_data[31*i+:30]", "negative ties take the lower code"],
      ["if (!zero)", "", "vectors of zeros have the greatest codes"],
    ],
  },
  {
    file: "round_float.sv",
    build: "packet_rotate",
    places: [
      ["parts[24] && (parts[25] ||", "parts[24] && (1'b1 ||", "ties of f16 go up"],
      ["cfg_half && field > 8'd142", "1'b0", "f16 has no infinity"],
      ["infinite ? 31'h7f80_0000 : rounded", "rounded", "binary32 has no infinity"],
    ],
  },
  {
    file: "code_unpack.sv",
    build: "packet_rotate",
    places: [["have != 5'd0 && ", "", "codes leave before the arguments come"]],
  },
  {
    file: "code_pack.sv",
    build: "packet_rotate",
    places: [["fill <= reached[3:0];", "fill <= 4'd0;", "codes overwrite those that wait"]],
  },
  {
    file: "rotate_intake.sv",
    build: "packet_rotate",
    places: [
      [
        "&& (!cfg_decode || used == length)",
        "",
        "bytes behind the norms are dropped, and the packet answered",
      ],
    ],
  },
  {
    file: "code_levels.sv",
    build: "packet_rotate",
    places: [
      ["cfg_bits == 4'd2 ? codes[8*i+1]", "1'b0 ? codes[8*i+1]", "the sign of a code of 2 bits is its third"],
      ["(codes[8*i+:3] ^ {3{!upper}})", "codes[8*i+:3]", "negative levels are counted from the least one"],
      ["cfg_bits == 4'd3 ? 3'd3 : 3'd7", "3'd7", "the sign of a code of 3 bits is part of its index"],
      [": -{1'b0, level}", ": ~{1'b0, level}", "negative levels are a unit too small"],
    ],
  },
  {
    file: "codebook.sv",
    build: "packet_rotate",
    places: [
      ["14'd1855", "14'd1854", "a level of 2 bits is a unit too small"],
      ["14'd3097, 14'd1004", "14'd1004, 14'd3097", "two levels of 3 bits are exchanged"],
      ["14'd11193", "14'd11194", "the greatest level of 4 bits is a unit too great"],
    ],
  },
  {
    file: "hadamard_lanes.sv",
    build: "packet_rotate",
    places: [
      ["I[0] ? a0 - a1", "I[0] ? a1 - a0", "the first differences have the other sign"],
      ["cfg_log > 4'd6", "cfg_log > 4'd7", "vectors of 128 elements are rotated in two halves"],
      ["cfg_log > 4'd7", "cfg_log >= 4'd7", "vectors of 128 elements are rotated as ones of 256"],
      ["assign ce = !v2 || ready2;", "assign ce = 1'b1;", "a stalled beat is overwritten"],
    ],
  },
  {
    file: "integer_root.sv",
    build: "packet_rotate",
    places: [
      ["first >= {roots[n], 2'b01}", "first > {roots[n], 2'b01}", "the root of an exact square is too small"],
      ["rests[STAGES] != 28'd0", "1'b0", "every root counts as exact"],
      ["s_square << {zeros, 1'b0}", "s_square << zeros", "squares are moved by half of their zeros"],
    ],
  },
  {
    file: "rotate_answer.sv",
    build: "packet_rotate",
    places: [
      [
        "state == 2'd2 && cfg_decode && d_last",
        "state == 2'd2 && d_last",
        "the norms behind codes are not sent",
      ],
      ["(state == 2'd2 && !d_last) ? state", "1'b0 ? state", "norms follow the first beat of codes"],
      ["assign ce = !m_valid || m_ready;", "assign ce = 1'b1;", "a stalled beat is overwritten"],
    ],
  },
  {
    file: "rotate_lanes.sv",
    build: "packet_rotate",
    places: [
      [
        "is_end && (y_last || number == 4'd15)),",
        "is_end && number == 4'd15),",
        "a packet begins with the norms that the one before left",
      ],
      [
        "number <= y_last ? 4'd0 : number",
        "number <= number",
        "a packet's first norm is stored behind the last",
      ],
      ["(t_last || number == 4'd15)", "t_last", "sixteen norms are lost if more follow"],
      [
        "norms <= {240'd0, t_norm}",
        "norms[15:0] <= t_norm",
        "bytes behind the norms are those of a packet before",
      ],
      [
        "y_ready && is_end && !cfg_decode",
        "y_ready && !cfg_decode",
        "a vector's beats have other vectors' norms",
      ],
      [
        "c_ready && t_valid && norms_ready",
        "c_ready && t_valid",
        "beats are lost if the queue of norms is full",
      ],
    ],
    unseen: { "norms <= {240'd0, t_norm}": "packet_out clears the bytes behind a payload" },
  },
  {
    file: "packet_rotate.sv",
    build: "packet_rotate",
    places: [
      ["channels <= 4'd8;", "channels <= 4'd9;", "vectors of 512 elements pass"],
      ["bits >= 4'd2", "bits >= 4'd1", "codes of one bit pass"],
      ["<< (AW + 1)) +", "<< (AW + 2)) +", "codes of more values than the store holds pass"],
      [".OVER (14)", ".OVER (13)", "a payload without whole vectors is dropped by another name"],
    ],
  },
  {
    file: "value_products.sv",
    build: "packet_rotate",
    places: [
      ["field == 8'd0 ? 8'd1 : field", "field", "subnormal norms are halved"],
      ["{field != 8'd0, s_norm[9:0]}", "{1'b1, s_norm[9:0]}", "subnormal norms of f16 have a leading one"],
      ["22'(-s_data[23*i+:22])", "~s_data[23*i+:22]", "negative sums are a unit too small"],
    ],
  },
];
