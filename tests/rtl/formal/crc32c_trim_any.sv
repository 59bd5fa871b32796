// Stands for crc32c_trim in proofs that hold for any CRC: the register is free; the sideband passes as there,
// five stages long.
module crc32c_trim #(
    parameter int W = 1
) (
    input  logic         clk,
    input  logic         rst_n,
    input  logic         s_valid,
    input  logic [ 31:0] s_crc,
    input  logic [  4:0] s_zeros,
    input  logic [W-1:0] s_user,
    output logic         m_valid,
    output logic [ 31:0] m_crc,
    output logic [W-1:0] m_user
);
  (* anyseq *) logic [31:0] any;
  logic [4:0] valid;
  logic [5*W-1:0] user;
  always_ff @(posedge clk) begin
    valid <= rst_n ? {valid[3:0], s_valid} : 5'd0;
    user <= {user[4*W-1:0], s_user};
  end
  assign m_valid = valid[4];
  assign m_crc = any;
  assign m_user = user[5*W-1-:W];
endmodule
