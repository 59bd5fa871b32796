// Admits packets by epoch: a new epoch begins once its pages are loaded; a packet of an ended epoch is
// dropped. It tracks the page in each bank. Only a page that is still loading stalls the stream.
module page_gate (
    input  logic         clk,
    input  logic         rst_n,
    input  logic         cfg_paged,
    input  logic         taken,        // arguments are taken: no page is loaded, no epoch has begun
    // From the loader.
    input  logic         page_begin,
    input  logic         page_done,
    input  logic         page_bank,
    input  logic [ 15:0] page_number,
    input  logic         limit_valid,
    input  logic [ 31:0] limit_epoch,
    output logic [ 31:0] epochs,       // current epoch plus one; 0 before the first
    output logic [ 31:0] pages,        // page in each bank, 16 bits each
    output logic [  1:0] there,        // bank holds a page
    // Beats.
    input  logic         s_valid,
    output logic         s_ready,
    input  logic [ 31:0] s_epoch,      // of the header, in its first beat
    input  logic [  1:0] s_part,
    input  logic         s_last,
    output logic         m_valid,
    input  logic         m_ready,
    output logic         stalled,      // a packet is stalled on a page
    output logic         over          // a packet is dropped because its epoch has ended
);
  logic [31:0] limit;
  logic first, skipping, late, next;
  assign first = cfg_paged && s_valid && s_part == 2'd0;
  assign late = first && s_epoch + 32'd1 < epochs;
  assign next = first && s_epoch + 32'd1 > epochs;
  assign stalled = next && s_epoch >= limit;
  assign m_valid = s_valid && !late && !skipping && !stalled;
  assign s_ready = skipping || (m_ready && !stalled);
  assign over = skipping && s_valid && s_last;
  always_ff @(posedge clk)
    if (!rst_n || taken) begin
      epochs <= '0;
      limit <= '0;
      there <= '0;
      skipping <= 1'b0;
    end else begin
      if (next && m_valid && m_ready) epochs <= s_epoch + 32'd1;
      if (limit_valid) limit <= limit_epoch;
      if (page_begin) there[page_bank] <= 1'b0;
      if (page_done) there[page_bank] <= 1'b1;
      if (late) skipping <= 1'b1;
      else if (over) skipping <= 1'b0;
    end
  always_ff @(posedge clk) if (page_done) pages[16*page_bank+:16] <= page_number;
endmodule
