// Walks a list of descriptors in the card's memory (kernels/rtl/movers.ts): sends each one's command words, then
// the entries that it refers to. Descriptors and entries are read ahead of the stream, in bursts that stay open
// side by side, so the latency of memory is met once, at a list's beginning. Entries that wait for an epoch wait
// here: a whole page fits.
//
// A word of the stream has 256 bits. Entries are 8 of a page, or one of 32 or 64 bits in the lowest bits.
module page_fetch #(
    parameter int AW = 9,  // 2^AW beats of entries are read ahead
    parameter int CW = 5   // 2^CW descriptors are read ahead, 8 or more
) (
    input  logic         clk,
    input  logic         rst_n,
    input  logic         go,                   // accepted while idle
    input  logic [ 57:0] list,                 // address of the list, in beats of 64 bytes
    input  logic [ 31:0] count,                // descriptors of the list
    output logic         idle,                 // all words are sent
    output logic         failed,               // memory answers a beat with an error
    output logic         m_axi_gmem_arvalid,
    input  logic         m_axi_gmem_arready,
    output logic [ 63:0] m_axi_gmem_araddr,
    output logic [  7:0] m_axi_gmem_arlen,
    input  logic         m_axi_gmem_rvalid,
    output logic         m_axi_gmem_rready,
    input  logic [511:0] m_axi_gmem_rdata,
    /* verilator lint_off UNUSEDSIGNAL */      // SLVERR and DECERR have bit 1; beats are counted
    input  logic [  1:0] m_axi_gmem_rresp,
    input  logic         m_axi_gmem_rlast,
    /* verilator lint_on UNUSEDSIGNAL */
    output logic         m_valid,
    input  logic         m_ready,
    output logic [255:0] m_data
);
  localparam logic [1:0] BITS_32 = 2'd0, BITS_64 = 2'd1, BITS_256 = 2'd2;
  localparam int OPEN = 4;  // 2^OPEN bursts are open at most
  logic take, cmd_pop, data_pop;

  // ---- requests: descriptors first, because they are few; both only as far as their queues have capacity ----
  // A burst is measured in one cycle and requested in a later one, so that neither has both to do.
  logic [57:0] list_at, from;
  logic [31:0] unlisted, wanted;   // descriptors and beats of entries that are not requested
  logic [CW:0] listed;             // descriptors requested and not ended
  logic [AW:0] reserved;           // beats of entries requested and not sent
  logic [6:0] to_border, list_border, list_beats, data_beats, beats;
  logic list_sized, data_sized;    // the next burst is measured
  logic data_last;                 // no beat is wanted behind it
  logic may_list, may_data, ask, ask_list, ask_data, queue_full;
  assign list_border = 7'd64 - {1'b0, list_at[5:0]};
  assign to_border = 7'd64 - {1'b0, from[5:0]};
  always_ff @(posedge clk)
    if (!list_sized) begin
      if (unlisted < 32'd8 && unlisted[6:0] < list_border) list_beats <= unlisted[6:0];
      else list_beats <= list_border < 7'd8 ? list_border : 7'd8;
    end
  always_ff @(posedge clk)
    if (!data_sized) begin
      data_last <= wanted < 32'd17 && wanted[6:0] <= to_border;
      if (wanted < 32'd16 && wanted[6:0] < to_border) data_beats <= wanted[6:0];
      else data_beats <= to_border < 7'd16 ? to_border : 7'd16;
    end
  assign may_list = list_sized && (CW + 2)'(listed) + (CW + 2)'(list_beats) <= (CW + 2)'(2 ** CW);
  assign may_data = data_sized && (AW + 2)'(reserved) + (AW + 2)'(data_beats) <= (AW + 2)'(2 ** AW);
  assign ask = (may_list || may_data) && !queue_full && (!m_axi_gmem_arvalid || m_axi_gmem_arready);
  assign ask_list = ask && may_list;
  assign ask_data = ask && !may_list;
  assign beats = may_list ? list_beats : data_beats;
  always_ff @(posedge clk)
    if (!rst_n) begin
      m_axi_gmem_arvalid <= 1'b0;
      unlisted <= '0;
      wanted <= '0;
      list_sized <= 1'b0;
      data_sized <= 1'b0;
      listed <= '0;
      reserved <= '0;
    end else begin
      if (ask) m_axi_gmem_arvalid <= 1'b1;
      else if (m_axi_gmem_arready) m_axi_gmem_arvalid <= 1'b0;
      list_sized <= list_sized ? !ask_list : unlisted != 32'd0;
      data_sized <= data_sized ? !ask_data : wanted != 32'd0;
      if (go && idle) unlisted <= count;
      else if (ask_list) unlisted <= unlisted - {25'd0, list_beats};
      listed <= listed + (ask_list ? (CW + 1)'(list_beats) : '0) - (CW + 1)'(cmd_pop);
      if (ref_pop) wanted <= ref_beats;
      else if (ask_data) wanted <= wanted - {25'd0, data_beats};
      reserved <= reserved + (ask_data ? (AW + 1)'(data_beats) : '0) - (AW + 1)'(data_pop);
    end
  always_ff @(posedge clk) begin
    if (ask) begin
      m_axi_gmem_araddr <= {ask_list ? list_at : from, 6'd0};
      m_axi_gmem_arlen <= {1'b0, beats} - 8'd1;
    end
    if (go && idle) list_at <= list;
    else if (ask_list) list_at <= list_at + {51'd0, list_beats};
    if (ref_pop) from <= ref_from;
    else if (ask_data) from <= from + {51'd0, data_beats};
  end

  // ---- open bursts, in order: of descriptors or of entries ----
  logic [7:0] bursts[2**OPEN];
  logic [OPEN:0] head, tail;
  logic [6:0] got;
  logic is_list, is_end;
  assign queue_full = head - tail == (OPEN + 1)'(2 ** OPEN);
  assign m_axi_gmem_rready = 1'b1;  // their queues have capacity
  assign take = m_axi_gmem_rvalid;
  assign failed = take && m_axi_gmem_rresp[1];
  assign is_list = bursts[tail[OPEN-1:0]][7];
  assign is_end = got + 7'd1 == bursts[tail[OPEN-1:0]][6:0];
  always_ff @(posedge clk)
    if (!rst_n) begin
      head <= '0;
      tail <= '0;
      got <= '0;
    end else begin
      if (ask) head <= head + 1'b1;
      if (take) got <= is_end ? 7'd0 : got + 7'd1;
      if (take && is_end) tail <= tail + 1'b1;
    end
  always_ff @(posedge clk) if (ask) bursts[head[OPEN-1:0]] <= {ask_list, beats};

  // ---- descriptors: what they refer to is requested at once, and their commands wait for the stream ----
  logic [31:0] entries, ref_beats, cmd_entries;
  logic [1:0] width, cmd_width;
  logic [2:0] cmd_words;
  logic [255:0] cmd;
  logic ref_valid, ref_pop, cmd_valid, data_valid;
  logic [57:0] ref_from;
  assign entries = m_axi_gmem_rdata[64+:32];
  assign width = m_axi_gmem_rdata[96+:32] == 32'd32 ? BITS_256 : m_axi_gmem_rdata[96+:32] == 32'd8 ? BITS_64 : BITS_32;
  logic [31:0] refers;
  always_comb
    case (width)
      BITS_256: refers = {1'b0, entries[31:1]} + {31'd0, entries[0]};
      BITS_64: refers = {3'd0, entries[31:3]} + {31'd0, entries[2:0] != 3'd0};
      default: refers = {4'd0, entries[31:4]} + {31'd0, entries[3:0] != 4'd0};
    endcase
  logic [2:0] words;
  assign words = m_axi_gmem_rdata[128+:32] > 32'd4 ? 3'd4 : m_axi_gmem_rdata[130:128];
  assign ref_pop = ref_valid && (data_sized ? ask_data && data_last : wanted == 32'd0);
  /* verilator lint_off PINCONNECTEMPTY */  // as many as are requested have capacity
  beat_fifo #(
      .W (58 + 32),
      .AW(CW)
  ) u_refs (
      .clk,
      .rst_n,
      .s_valid(take && is_list && entries != 32'd0),
      .s_ready(),
      .s_data ({m_axi_gmem_rdata[63:6], refers}),
      .m_valid(ref_valid),
      .m_ready(ref_pop),
      .m_data ({ref_from, ref_beats})
  );
  beat_fifo #(
      .W (3 + 2 + 32 + 256),
      .AW(CW)
  ) u_commands (
      .clk,
      .rst_n,
      .s_valid(take && is_list),
      .s_ready(),
      .s_data ({words, width, entries, m_axi_gmem_rdata[511:256]}),
      .m_valid(cmd_valid),
      .m_ready(cmd_pop),
      .m_data ({cmd_words, cmd_width, cmd_entries, cmd})
  );
  logic [511:0] beat;
  beat_fifo #(
      .W (512),
      .AW(AW)
  ) u_entries (
      .clk,
      .rst_n,
      .s_valid(take && !is_list),
      .s_ready(),
      .s_data (m_axi_gmem_rdata),
      .m_valid(data_valid),
      .m_ready(data_pop),
      .m_data (beat)
  );
  /* verilator lint_on PINCONNECTEMPTY */

  // ---- the stream ----
  logic in_entries, send, last_word, last_entry, last_of_beat;
  logic [1:0] place;        // command word
  logic [3:0] part;         // word in its beat
  logic [31:0] sent;        // words of entries
  assign m_valid = cmd_valid && (in_entries ? data_valid : cmd_words != 3'd0);
  assign send = m_valid && m_ready;
  always_comb begin
    m_data = {192'd0, cmd[64*place+:64]};
    if (in_entries)
      case (cmd_width)
        BITS_256: m_data = beat[256*part[0]+:256];
        BITS_64: m_data = {192'd0, beat[64*part[2:0]+:64]};
        default: m_data = {224'd0, beat[32*part+:32]};
      endcase
  end
  assign last_word = !in_entries && cmd_valid && (cmd_words == 3'd0 || (send && {1'b0, place} + 3'd1 == cmd_words));
  assign last_entry = in_entries && send && sent + 32'd1 == cmd_entries;
  assign last_of_beat = cmd_width == BITS_256 ? part[0] : cmd_width == BITS_64 ? part[2:0] == 3'd7 : part == 4'd15;
  assign data_pop = in_entries && send && (last_of_beat || last_entry);
  assign cmd_pop = last_entry || (last_word && cmd_entries == 32'd0);
  assign idle = unlisted == 32'd0 && listed == '0;
  always_ff @(posedge clk)
    if (!rst_n) begin
      in_entries <= 1'b0;
      place <= '0;
      part <= '0;
      sent <= '0;
    end else begin
      if (last_word) in_entries <= cmd_entries != 32'd0;
      else if (last_entry) in_entries <= 1'b0;
      if (last_word) place <= '0;
      else if (!in_entries && send) place <= place + 2'd1;
      if (in_entries && send) begin
        part <= last_of_beat || last_entry ? 4'd0 : part + 4'd1;
        sent <= last_entry ? 32'd0 : sent + 32'd1;
      end
    end
endmodule
