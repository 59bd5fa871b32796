/**
 * Mutations of the packet path that all kernels share.
 *
 * @module
 */

/** Mutations of one file, applied one at a time. */
export interface Mutations {
  /** Path in `kernels/rtl`. */
  readonly file: string;
  /** Name of the build that is made of the broken file. */
  readonly build: string;
  /** Text that occurs once in the file, its replacement, and the effect. */
  readonly places: readonly (readonly [text: string, replacement: string, wrong: string])[];
  /** Reasons why no test can notice a mutation, by its text. */
  readonly unseen?: Readonly<Record<string, string>>;
}

/** Mutations of the packet path. */
export const PATH_MUTATIONS: readonly Mutations[] = [
  {
    file: "axis_skid.sv",
    build: "packet_echo",
    places: [
      [
        "assign s_ready = !full;",
        "assign s_ready = !full || m_ready;",
        "a full stage accepts a beat and loses it",
      ],
    ],
  },
  {
    file: "beat_fifo.sv",
    build: "packet_echo",
    places: [
      ["(AW + 1)'(2 ** AW);", "(AW + 1)'(2 ** AW + 1);", "a full queue accepts one beat more"],
      ["(m_ready || !m_valid);", "m_ready;", "an empty output is not filled ahead"],
    ],
  },
  {
    file: "crc32c_beat.sv",
    build: "packet_echo",
    places: [["32'h82f63b78", "32'hedb88320", "the polynomial is CRC-32's, not CRC-32C's"]],
  },
  {
    file: "crc32c_trim.sv",
    build: "packet_echo",
    places: [
      ["((column ^ POLY) << 1) | 32'd1", "(column ^ POLY) << 1", "a bit is lost when zeros are removed"],
    ],
  },
  {
    file: "packet_in.sv",
    build: "packet_echo",
    places: [
      ["(beat == 9'd0 ? 32'hffff_ffff : crc)", "(beat == 9'd0 ? 32'd0 : crc)", "the CRC begins with zeros"],
      ["mask[11:8] <= '0;", "mask[11:9] <= '0;", "a byte of the CRC's field is part of the CRC"],
      ["there < 15'd64;", "there < 15'd63;", "63 bytes count as a whole header"],
      ["head0[47:40] > 8'd5", "head0[47:40] > 8'd6", "one kind too many is accepted"],
      ["length > 14'd8192", "length >= 14'd8192", "the maximum length is refused"],
      [
        "head0[191:176] > head0[175:160]",
        "head0[191:176] >= head0[175:160]",
        "an overlap of the whole payload is refused",
      ],
      ["packets_ > 32'h0100_0000", "packets_ >= 32'h0100_0000", "the maximum number of packets is refused"],
      ["sequence_ >= packets_", "sequence_ > packets_", "a packet after the last one is accepted"],
      ["head1[63:48] != 16'd0", "head1[62:48] != 15'd0", "a position's highest bit is not checked"],
      ["sum_of_three != 2'd0", "sum_of_three == 2'd2", "a byte after items of three bytes is accepted"],
      [
        "found6 != 4'd0 ? found6 : checked && ~crc_found != crc_there ? CRC : wanted6",
        "checked && ~crc_found != crc_there ? CRC : found6 != 4'd0 ? found6 : wanted6",
        "the CRC is checked before the header",
      ],
      ["announced > longest ? longest : announced", "announced", "packets that exceed the store fill it"],
      ["beat == '1 ? beat : beat + 1'b1", "beat + 1'b1", "a very long packet starts again as a second one"],
      ["tail + (AW + 1)'(count)", "tail + 1'b1", "only the first beat of a dropped packet is skipped"],
    ],
  },
  {
    file: "packet_out.sv",
    build: "packet_echo",
    places: [
      ["header5[52] ? ~crc_found : 32'd0", "~crc_found", "packets without a CRC get one"],
      ["s_last && over != 5'd0", "s_last && over > 5'd16", "bytes after a short payload are part of the CRC"],
    ],
  },
  {
    file: "packet_out.sv",
    build: "packet_image",
    places: [
      [
        "h_wrong != 2'd0 && p_valid && p_last;",
        "h_wrong != 2'd0 && p_valid;",
        "beats of a refused packet stay in the queue",
      ],
    ],
  },
  {
    file: "packet_shell.sv",
    build: "packet_echo",
    places: [
      ["begun || !(start || hold)", "begun || !hold", "packets overtake pending arguments"],
      [
        "begun || !(start || hold)",
        "begun || !(start || (hold && idle))",
        "packets overtake a pending table",
      ],
      ["present == 10'd0 && !begun", "!begun", "arguments change while packets are inside"],
      ["- 10'(drop) - 10'(late)", "- 10'(late)", "a dropped packet counts as inside forever"],
      [
        "2 ** AW - 3)",
        "2 ** AW - 2)",
        "a payload that is too long fills the store, and its end is not accepted",
      ],
      ["32'(most) < HELD ? 32'(most) : HELD", "32'(most)", "payloads longer than the store hang"],
      [
        "cfg[95:64] > limit",
        "32'(cfg[77:64]) > limit",
        "a maximum payload of 2^14 bytes or more is truncated to fewer bits",
      ],
    ],
  },
  {
    file: "packet_shell.sv",
    build: "packet_image",
    places: [
      ["start && idle && !busy", "start && idle", "a start takes effect in the middle of a table"],
      [
        "== tables_plan && complete",
        "== tables_plan",
        "a plan with incomplete tables keeps the entries that were loaded",
      ],
      [
        "args[31:0] == tables_plan && complete",
        "(args[31:0] == tables_plan || tables_plan != 32'd0) && complete",
        "another plan starts with the tables of the plan before",
      ],
      [
        "if (!same) missing <= args[32*ARGS-1-:32];",
        "if (!same) missing <= 32'(args[32*ARGS-1-:32] != 32'd0);",
        "tables count as complete after their first entry",
      ],
      [
        "if (entry && !complete)",
        "if (load_valid && !complete)",
        "entries of pages count as entries of tables",
      ],
    ],
  },
  {
    file: "packet_image.sv",
    build: "packet_image",
    places: [
      ["room < PLANES ?", "room > PLANES ?", "answers that exceed their store hang"],
      ["PLANES = 32'd2048", "PLANES = 32'd4096", "a packet may have more samples than the planes hold"],
    ],
  },
  {
    file: "packet_rows.sv",
    build: "packet_rows",
    places: [
      [
        "cfg[32*20+:32] - 32'd1 < bytes",
        "cfg[32*20+:32] <= bytes",
        "an answer starts for a row without samples",
      ],
      [
        "cfg[32*21+:32] - 32'd1 < bytes",
        "cfg[32*21+:32] != 32'd0",
        "a row's last packet exceeds its store",
      ],
    ],
  },
  {
    file: "packet_tokenize.sv",
    build: "packet_tokenize",
    places: [
      ["32'(256 * 2 ** AW)", "32'(512 * 2 ** AW)", "parts of tokens that exceed their store hang"],
      ["14'(32 * 2 ** LW)", "14'(64 * 2 ** LW)", "text that exceeds a flow's buffer is accepted"],
    ],
  },
  {
    file: "axil_control.sv",
    build: "packet_echo",
    places: [
      ["if (taken) done <= 1'b1;", "if (taken) done <= 1'b0;", "a start never reports done"],
      ["if (read && from == CONTROL) done", "if (write && to == CONTROL) done", "a read does not clear done"],
      [
        "{8{s_axi_control_wstrb[i]}}",
        "{8{s_axi_control_wstrb[i] || s_axi_control_wstrb[0]}}",
        "the strobe of the lowest byte writes all bytes",
      ],
      [
        "raised ^ s_axi_control_wdata[1:0]",
        "raised & s_axi_control_wdata[1:0]",
        "an interrupt cannot be cleared",
      ],
      ["FIRST_COUNT + 10'(n)", "FIRST_COUNT + 10'(n + 1)", "counters are read one register too far"],
    ],
    unseen: { "{8{s_axi_control_wstrb[i]}}": "the harness writes whole words, as the host does" },
  },
  {
    file: "table_loader.sv",
    build: "packet_echo",
    places: [
      [
        "idle ? !start : is_page || is_limit;",
        "idle ? !start : is_page || is_limit || hold;",
        "tables change while packets use them",
      ],
    ],
  },
  {
    file: "table_loader.sv",
    build: "packet_image",
    places: [
      [
        "idle ? !start : is_page || is_limit;",
        "idle || is_page || is_limit;",
        "a start waits for all tables that follow, not only for the one in flight",
      ],
      [
        "state != FIRST || load_valid;",
        "state != FIRST;",
        "a start takes effect before the last entry is counted",
      ],
      ["may || discard;", "may;", "a page whose epoch never begins blocks every start"],
      ["take && !discard;", "take;", "a page that a start discards counts as a swap"],
      ["16'd8 : 16'd1)", "16'd8 : 16'd2)", "every second entry of a table is skipped"],
      ["16'd8 : 16'd1)", "16'd4 : 16'd1)", "words of a wide page overlap"],
      ["s_axis_table_tdata[34:32] != 3'd0}", "1'b1}", "a wide page waits for one word too many"],
      [": s_axis_table_tdata[15:0];", ": 16'd0;", "every load begins at a table's first entry"],
      ["epochs > after;", "epochs >= after;", "a page overwrites one that is in use"],
      ["after == 32'd0 || epochs > after;", "epochs > after;", "the first page waits for an epoch"],
      [
        "page_done || (take && state == FIRST && is_limit)",
        "page_done",
        "an exchange without loads waits forever",
      ],
      [
        "(s_axis_table_tdata[22]) << BANK",
        "(s_axis_table_tdata[22]) << (BANK - 1)",
        "all pages are written to the first bank",
      ],
    ],
  },
  {
    file: "page_gate.sv",
    build: "packet_image",
    places: [
      ["next && s_epoch >= limit;", "next && limit == 32'd0;", "only the first packet waits for its page"],
      ["next && s_epoch >= limit;", "next && s_epoch > limit;", "an epoch begins one load too early"],
      ["s_epoch + 32'd1 < epochs;", "1'b0;", "packets of a past epoch are accepted"],
      [
        "if (page_begin) there",
        "if (page_begin && page_done) there",
        "a page counts as loaded while another overwrites it",
      ],
      [
        "assign over = skipping && s_valid && s_last;",
        "assign over = skipping && s_valid && s_last && late;",
        "a packet of a past epoch counts as inside forever",
      ],
    ],
  },
  {
    file: "packet_counters.sv",
    build: "packet_echo",
    places: [
      [
        "<= {beat_in, beat_out, packet_out}",
        "<= {beat_in && !beat_out, beat_out, packet_out}",
        "beats are not counted if another leaves in the same cycle",
      ],
    ],
  },
  {
    file: "packet_counters.sv",
    build: "packet_image",
    places: [
      [
        "2'(late && 5'd14",
        "2'(late && !drop && 5'd14",
        "of two drops in one cycle only one is counted",
      ],
    ],
  },
  {
    file: "packet_echo.sv",
    build: "packet_echo",
    places: [
      [".most      ('1)", ".most      ('0)", "every payload is too long"],
      [".from_part (part)", ".from_part (2'd2)", "headers are sent as payloads"],
      [".stalled   (1'b0)", ".stalled   (!ready)", "back-pressure counts as waiting for a page"],
    ],
  },
];
