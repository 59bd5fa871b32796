// Computes the position of a stream byte in its image by two long divisions, one bit per cycle. They divide
// the position by the bytes of a row, and the quotient by the rows of an image. The packets and answer items
// before the image are accumulated during the second division, from its quotient bits (Horner's rule).
//
// Packets in order do not need this; it serves packets that begin elsewhere.
module row_place (
    input  logic        clk,
    input  logic        rst_n,
    input  logic [14:0] cfg_row_bytes,
    input  logic [15:0] cfg_rows,
    input  logic [23:0] cfg_image_packets,
    input  logic [31:0] cfg_image_items,
    input  logic        start,
    input  logic [39:0] place,              // byte offset in the flow
    output logic        done,
    output logic        aligned,            // first byte of a row; other outputs are valid only then
    output logic [15:0] row,
    output logic [23:0] packets,
    output logic [39:0] items
);
  logic busy, second;
  logic [5:0] left;
  logic [39:0] number;  // dividend; the quotient enters from the low end
  logic [16:0] rest, divisor, tried;
  logic fits;
  assign divisor = second ? {1'b0, cfg_rows} : {2'd0, cfg_row_bytes};
  assign tried = {rest[15:0], number[39]};
  assign fits = tried >= divisor;

  always_ff @(posedge clk)
    if (!rst_n) begin
      busy <= 1'b0;
      done <= 1'b0;
    end else begin
      done <= busy && left == 6'd0 && (second || rest != 17'd0);
      if (start) busy <= 1'b1;
      else if (left == 6'd0 && (second || rest != 17'd0)) busy <= 1'b0;
    end
  always_ff @(posedge clk)
    if (start) begin
      number <= place;
      rest <= '0;
      left <= 6'd40;
      second <= 1'b0;
      packets <= '0;
      items <= '0;
    end else if (busy && left != 6'd0) begin
      number <= {number[38:0], fits};
      rest <= fits ? tried - divisor : tried;
      left <= left - 6'd1;
      if (second) begin
        packets <= {packets[22:0], 1'b0} + (fits ? cfg_image_packets : 24'd0);
        items <= {items[38:0], 1'b0} + (fits ? {8'd0, cfg_image_items} : 40'd0);
      end
    end else if (busy) begin
      aligned <= second;
      row <= rest[15:0];
      second <= 1'b1;
      rest <= '0;
      left <= 6'd40;
    end
endmodule
