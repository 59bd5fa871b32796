/**
 * Mutations of the door of network mode.
 *
 * @module
 */

import type { Mutations } from "./path_mutations.ts";

/** Mutations of the door. */
export const DOOR_MUTATIONS: readonly Mutations[] = [
  {
    file: "drop_queue.sv",
    build: "door_echo",
    places: [
      [
        "s_valid && room && !spoiled",
        "s_valid && room && !(spoiled && !s_last)",
        "the end of a packet is stored without its beginning",
      ],
      [
        "else if (s_valid) head <= whole;",
        "else if (dropped) head <= head;",
        "beats of a dropped packet stay",
      ],
      [
        "if (stored) whole <= head + 1'b1;",
        "if (stored) whole <= head;",
        "a packet's last beat waits for the next",
      ],
      ["!keep && !s_last", "!keep", "the packet after a dropped one is dropped too"],
      [
        "held + (AW + 1)'(2) <= limit",
        "held + (AW + 1)'(3) <= limit",
        "a beat less than the limit is stored",
      ],
      ["held + (AW + 1)'(2) <= limit", "held <= limit", "more beats than the limit are stored"],
      ["read = whole != tail", "read = head != tail", "a packet leaves before its end has come"],
      ["(pass || !valid)", "1'b1", "a beat is read over one that stalls"],
      [
        "if (read) valid <= 1'b1;\n      else if (pass)",
        "if (read) valid <= 1'b1;\n      else",
        "a stalled beat is lost",
      ],
    ],
  },
  {
    file: "onpath_door.sv",
    build: "door_echo",
    places: [
      ["args == 32'd0 || args", "args", "a limit of 0 stores two beats"],
      ["args > 32'(ALL) ? ALL", "args > 32'(ALL) ? '0", "a limit beyond the store stores nothing"],
      ["{31'd0, dropped}", "{31'd0, stored}", "stored packets count as dropped ones"],
      ["m_axis_tvalid && m_axis_tready}", "m_axis_tvalid}", "a stalled beat counts twice"],
      ["if (32'(held) > most) most", "most", "the maximum follows the store down"],
      [
        "{s_axis_tdest, s_axis_tkeep, s_axis_tdata}",
        "{s_axis_tdest ^ 16'd1, s_axis_tkeep, s_axis_tdata}",
        "answers lose their socket",
      ],
    ],
  },
  {
    file: "door_echo.sv",
    build: "door_echo",
    places: [
      ["- 32'(u_door.dropped)", "", "dropped packets stay present"],
      ["address == PRESENT ? outside : 32'd0", "32'd0", "packets before the echo are not present"],
      ["to_door = s_axi_control_awaddr[11]", "to_door = 1'b0", "the door's registers are those of the echo"],
    ],
  },
];
