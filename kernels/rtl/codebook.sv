// Positive levels of the Lloyd-Max codebooks in kernels/quantize/formats/codebooks.ts, in units of 2^-12. The
// negative levels mirror them.
module codebook (
    input  logic [  3:0] cfg_bits,  // 2, 3 or 4
    output logic [111:0] levels     // 14 bits each, ascending; 2^(cfg_bits - 1) of them
);
  always_comb
    case (cfg_bits)
      4'd2: levels = {84'd0, 14'd6187, 14'd1855};
      4'd3: levels = {56'd0, 14'd8814, 14'd5505, 14'd3097, 14'd1004};
      default:
      levels = {14'd11193, 14'd8475, 14'd6628, 14'd5146, 14'd3860, 14'd2690, 14'd1589, 14'd526};
    endcase
endmodule
