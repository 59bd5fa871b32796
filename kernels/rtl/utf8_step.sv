// Step of a UTF-8 decoder, as WHATWG specifies: the longest valid prefix of a malformed sequence becomes one
// U+FFFD, and the byte that ended it is decoded again. Combinational; flows keep the state.
module utf8_step (
    input  logic [ 7:0] octet,
    input  logic [ 1:0] need,        // bytes missing from the sequence
    input  logic [ 2:0] bound,       // limits of the next byte
    input  logic [14:0] part,        // bits of the code point so far
    output logic [ 1:0] need_next,
    output logic [ 2:0] bound_next,
    output logic [20:0] part_next,   // code point, if `found`
    output logic        found,       // a code point is complete
    output logic        replaced,    // it replaces a malformed sequence
    output logic        again        // the byte must be decoded again
);
  // Bytes 80 to BF continue a sequence. After E0, ED, F0 and F4 the range is smaller, to exclude overlong
  // sequences, surrogates, and code points above U+10FFFF.
  localparam logic [2:0] ANY = 3'd0, FROM_A0 = 3'd1, TO_9F = 3'd2, FROM_90 = 3'd3, TO_8F = 3'd4;
  localparam logic [20:0] REPLACEMENT = 21'h00fffd;
  logic goes_on;
  always_comb begin
    case (bound)
      FROM_A0: goes_on = octet[7:5] == 3'b101;
      TO_9F: goes_on = octet[7:5] == 3'b100;
      FROM_90: goes_on = octet[7:6] == 2'b10 && octet[5:4] != 2'd0;
      TO_8F: goes_on = octet[7:4] == 4'h8;
      default: goes_on = octet[7:6] == 2'b10;
    endcase
  end
  always_comb begin
    need_next = 2'd0;
    bound_next = ANY;
    part_next = REPLACEMENT;
    found = 1'b0;
    replaced = 1'b0;
    again = 1'b0;
    if (need != 2'd0) begin
      if (goes_on) begin
        need_next = need - 2'd1;
        part_next = {part, octet[5:0]};
        found = need == 2'd1;
      end else begin
        found = 1'b1;
        replaced = 1'b1;
        again = 1'b1;
      end
    end else if (!octet[7]) begin
      part_next = {14'd0, octet[6:0]};
      found = 1'b1;
    end else if (octet >= 8'hc2 && octet <= 8'hdf) begin
      need_next = 2'd1;
      part_next = {16'd0, octet[4:0]};
    end else if (octet[7:4] == 4'he) begin
      need_next = 2'd2;
      part_next = {17'd0, octet[3:0]};
      bound_next = octet[3:0] == 4'h0 ? FROM_A0 : octet[3:0] == 4'hd ? TO_9F : ANY;
    end else if (octet >= 8'hf0 && octet <= 8'hf4) begin
      need_next = 2'd3;
      part_next = {18'd0, octet[2:0]};
      bound_next = octet[2:0] == 3'd0 ? FROM_90 : octet[2:0] == 3'd4 ? TO_8F : ANY;
    end else begin
      found = 1'b1;
      replaced = 1'b1;
    end
  end
endmodule
