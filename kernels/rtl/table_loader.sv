// Tables come as a stream of words: one that says which table, where in it and how many entries follow,
// then an entry a word. Loading waits until no packet is inside, and keeps packets out until it is done.
// A start waits for the end of a command that is under way, and commands behind it wait for the start.
//
// Pages come the same way beside the traffic: they go to the bank that nobody reads, once the epoch that
// read it has ended. Their first word has bit 20 set, and a second word says when they may and what then
// can begin; a word with bit 21 set only says the latter. A page that a start finds under way is discarded:
// its words are taken at once and not written.
//
// A stream of 256 bits may bring eight entries of a page in a word; all other words use its lowest 64 bits.
module table_loader #(
    parameter int BANK = 13,  // bit of an address of terms that chooses the bank
    parameter int LW   = 64   // bits of the stream: 64 or 256
) (
    input  logic          clk,
    input  logic          rst_n,
    input  logic          s_axis_table_tvalid,
    output logic          s_axis_table_tready,
    // Tables: 15:0 address, 19:16 table, 63:32 entries. Pages: 15:0 page, 22 bank, 23 eight entries a word,
    // 63:32 entries; then 31:0 one more than the epoch that must have ended, 63:32 the epoch that may not begin
    // yet when the page is there. Bit 21: the same in 63:32, with nothing to load.
    input  logic [LW-1:0] s_axis_table_tdata,
    input  logic          idle,                 // no packet is inside
    input  logic          start,                // arguments wait to be taken
    input  logic [  31:0] epochs,               // one more than the epoch that is running, 0 before the first
    output logic          hold,                 // packets are to wait
    output logic          busy,                 // a command is under way, or its last entry is written
    output logic          entry,                // an entry of a table, not of a page, is written
    output logic          loading,              // a word of a table, not of a page, is taken
    output logic          load_valid,
    output logic [   3:0] load_table,
    output logic [  15:0] load_addr,
    output logic [LW-1:0] load_data,
    output logic          page_begin,           // a bank is written from now on
    output logic          page_done,            // it is written
    output logic          page_bank,
    output logic [  15:0] page_number,
    output logic          limit_valid,          // another epoch may not begin yet
    output logic [  31:0] limit_epoch
);
  localparam logic [1:0] FIRST = 2'd0, TABLE = 2'd1, WHEN = 2'd2, PAGE = 2'd3;
  localparam logic [3:0] TERMS = 4'd1, EIGHT_TERMS = 4'd15;
  logic [1:0] state;
  logic [31:0] left, after, announced;
  logic [15:0] next;
  logic page_load;  // the entry that is written is a page's
  logic take, is_page, is_limit, is_wide, may, last, discard;
  assign is_wide = LW == 256 && is_page && s_axis_table_tdata[23];
  assign is_page = s_axis_table_tdata[20];
  assign is_limit = s_axis_table_tdata[21];
  assign may = after == 32'd0 || epochs > after;
  always_comb begin
    s_axis_table_tready = 1'b1;
    // Pages and limits pass while packets are inside: those may wait for them.
    if (state == FIRST) s_axis_table_tready = idle ? !start : is_page || is_limit;
    else if (state == PAGE) s_axis_table_tready = may || discard;
  end
  assign discard = start && idle;
  assign busy = state != FIRST || load_valid;
  assign entry = load_valid && !page_load;
  assign take = s_axis_table_tvalid && s_axis_table_tready;
  assign last = left == 32'd1;
  assign loading = take && (state == TABLE || (state == FIRST && !is_page && !is_limit));
  assign hold = state == TABLE || (state == FIRST && s_axis_table_tvalid && !is_page && !is_limit) ||
      entry;

  always_ff @(posedge clk)
    if (!rst_n) begin
      state <= FIRST;
      load_valid <= 1'b0;
    end else begin
      load_valid <= take && (state == TABLE || (state == PAGE && !discard));
      if (take)
        case (state)
          FIRST: state <= is_limit || s_axis_table_tdata[63:32] == 32'd0 ? FIRST : is_page ? WHEN : TABLE;
          WHEN: state <= PAGE;
          default: if (last) state <= FIRST;
        endcase
    end
  always_ff @(posedge clk)
    if (take) begin
      load_data <= s_axis_table_tdata;
      load_addr <= next;
      page_load <= state == PAGE;
      if (state == FIRST) begin
        left <= !is_wide ? s_axis_table_tdata[63:32] :
            {3'd0, s_axis_table_tdata[63:35]} + {31'd0, s_axis_table_tdata[34:32] != 3'd0};
        next <= is_page ? 16'(s_axis_table_tdata[22]) << BANK : s_axis_table_tdata[15:0];
        load_table <= is_wide ? EIGHT_TERMS : is_page ? TERMS : s_axis_table_tdata[19:16];
        page_bank <= s_axis_table_tdata[22];
        page_number <= s_axis_table_tdata[15:0];
      end else if (state == WHEN) begin
        after <= s_axis_table_tdata[31:0];
        announced <= s_axis_table_tdata[63:32];
      end else begin
        left <= left - 32'd1;
        next <= next + (LW == 256 && load_table == EIGHT_TERMS ? 16'd8 : 16'd1);
      end
    end

  // The last entry is written a cycle after it was taken; a packet that begins then reads it four later.
  assign page_begin = state == PAGE && take && !discard;
  assign page_done = page_begin && last;
  assign limit_valid = page_done || (take && state == FIRST && is_limit);
  assign limit_epoch = state == FIRST ? s_axis_table_tdata[63:32] : announced;
endmodule
