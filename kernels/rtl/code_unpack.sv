// Packed codes of 2, 3, 4, 6 or 8 bits, one a byte: the reverse of code_pack. A beat of 16 codes leaves every
// cycle. Sixteen codes of `cfg_bits` bits are `cfg_bits` words of 16 bits.
//
// Words of a region's last beat that are no sixteen codes are dropped.
module code_unpack (
    input  logic         clk,
    input  logic         rst_n,
    input  logic [  3:0] cfg_bits,  // 2, 3, 4, 6 or 8; changes only while no code is inside
    input  logic         s_valid,
    output logic         s_ready,
    input  logic [255:0] s_data,
    input  logic         s_last,    // the region ends
    output logic         m_valid,
    input  logic         m_ready,
    output logic [127:0] m_codes,   // one a byte
    output logic         m_last
);
  logic ce;
  assign ce = !m_valid || m_ready;

  // ---- cycle 1: words that wait, and a beat behind them once they are no sixteen codes ----
  logic [4:0] have, after;  // words that wait; those that the next sixteen codes leave
  logic [367:0] held, left;
  logic sends, ends, ended;  // `ended`: the region's last beat is among them
  // Without arguments, `cfg_bits` is 0, and nothing waits.
  assign sends = have != 5'd0 && have >= {1'b0, cfg_bits};
  assign after = sends ? have - {1'b0, cfg_bits} : have;
  always_comb
    case (sends ? cfg_bits : 4'd0)
      4'd0: left = held;
      4'd2: left = held >> 32;
      4'd3: left = held >> 48;
      4'd4: left = held >> 64;
      4'd6: left = held >> 96;
      default: left = held >> 128;
    endcase
  assign ends = ended && after < {1'b0, cfg_bits};
  assign s_ready = ce && !ended && after < {1'b0, cfg_bits};
  always_ff @(posedge clk)
    if (!rst_n) begin
      have <= 5'd0;
      ended <= 1'b0;
      m_valid <= 1'b0;
    end else if (ce) begin
      m_valid <= sends;
      have <= ends ? 5'd0 : s_valid && s_ready ? after + 5'd16 : after;
      ended <= ends ? 1'b0 : ended || (s_valid && s_ready && s_last);
    end
  logic [127:0] joined;
  always_ff @(posedge clk)
    if (ce) begin
      joined <= held[127:0];
      m_last <= ends;
      // What waits is less than sixteen codes where a beat comes behind it.
      if (s_valid && s_ready) begin
        held <= {112'd0, s_data} << {after[2:0], 4'd0};
        for (int i = 0; i < 7; i++) if (3'(i) < after[2:0]) held[16*i+:16] <= left[16*i+:16];
      end else held <= left;
    end

  // ---- one a byte ----
  always_comb begin
    m_codes = '0;
    for (int i = 0; i < 16; i++)
      case (cfg_bits)
        4'd2: m_codes[8*i+:2] = joined[2*i+:2];
        4'd3: m_codes[8*i+:3] = joined[3*i+:3];
        4'd4: m_codes[8*i+:4] = joined[4*i+:4];
        4'd6: m_codes[8*i+:6] = joined[6*i+:6];
        default: m_codes[8*i+:8] = joined[8*i+:8];
      endcase
  end
endmodule
