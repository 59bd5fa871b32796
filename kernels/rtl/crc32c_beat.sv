// CRC-32C (Castagnoli, reflected) of 32 bytes per step. The next register is linear in register and data, so
// it is the XOR of each nibble's contribution: 64 small tables, computed at elaboration. A nibble's table is
// four logic inputs in hardware and one lookup in simulation.
module crc32c_beat (
    input  logic [ 31:0] crc,
    input  logic [255:0] data,
    output logic [ 31:0] next
);
  localparam logic [31:0] POLY = 32'h82f63b78;

  // Contribution of the nibble at `place`, for its 16 values.
  function automatic logic [511:0] adds(input int place);
    logic [31:0] column;
    adds = '0;
    column = POLY;  // contribution of the very last bit
    for (int i = 255; i >= 4 * place; i--) begin
      if (i < 4 * place + 4)
        for (int value = 0; value < 16; value++)
          if (value[i-4*place]) adds[32*value+:32] = adds[32*value+:32] ^ column;
      column = column[0] ? (column >> 1) ^ POLY : column >> 1;
    end
  endfunction

  logic [255:0] bits;
  logic [31:0] parts[64];
  assign bits = data ^ {224'd0, crc};
  for (genvar k = 0; k < 64; k++) begin : g_nibble
    localparam logic [511:0] ADDS = adds(k);
    assign parts[k] = ADDS[32*bits[4*k+:4]+:32];
  end
  always_comb begin
    next = '0;
    for (int k = 0; k < 64; k++) next ^= parts[k];
  end
endmodule
