// Register file of a mover: `axil_control` with 64-bit arguments for addresses. The start is held until the
// run is complete: with AP_DONE, memory holds all data, unless it has refused some.
module mover_control #(
    parameter int ARGS = 4
) (
    input  logic               clk,
    input  logic               rst_n,
    input  logic               s_axi_control_awvalid,
    output logic               s_axi_control_awready,
    /* verilator lint_off UNUSEDSIGNAL */  // accesses are whole words
    input  logic [       11:0] s_axi_control_awaddr,
    /* verilator lint_on UNUSEDSIGNAL */
    input  logic               s_axi_control_wvalid,
    output logic               s_axi_control_wready,
    input  logic [       31:0] s_axi_control_wdata,
    input  logic [        3:0] s_axi_control_wstrb,
    output logic               s_axi_control_bvalid,
    input  logic               s_axi_control_bready,
    output logic [        1:0] s_axi_control_bresp,
    input  logic               s_axi_control_arvalid,
    output logic               s_axi_control_arready,
    input  logic [       11:0] s_axi_control_araddr,
    output logic               s_axi_control_rvalid,
    input  logic               s_axi_control_rready,
    output logic [       31:0] s_axi_control_rdata,
    output logic [        1:0] s_axi_control_rresp,
    output logic               interrupt,
    output logic               running,
    input  logic               finish,
    input  logic [       31:0] errors,  // bursts and beats that memory has refused since reset, at 0x200
    output logic [64*ARGS-1:0] args
);
  // `axil_control` stores the lower word of each 8 bytes of arguments; the upper words are stored here.
  logic [32*ARGS-1:0] low, high;
  logic between;
  assign between = s_axi_control_awaddr >= 12'h10 && s_axi_control_awaddr[2];
  logic [31:0] read_low;
  axil_control #(
      .ARGS  (ARGS),
      .COUNTS(1)
  ) u_low (
      .clk,
      .rst_n,
      .s_axi_control_awvalid,
      .s_axi_control_awready,
      .s_axi_control_awaddr,
      .s_axi_control_wvalid,
      .s_axi_control_wready,
      .s_axi_control_wdata,
      .s_axi_control_wstrb,
      .s_axi_control_bvalid,
      .s_axi_control_bready,
      .s_axi_control_bresp,
      .s_axi_control_arvalid,
      .s_axi_control_arready,
      .s_axi_control_araddr,
      .s_axi_control_rvalid,
      .s_axi_control_rready,
      .s_axi_control_rdata(read_low),
      .s_axi_control_rresp,
      .interrupt,
      .start (running),
      .taken (finish),
      .args  (low),
      .counts(errors)
  );
  logic [31:0] strobe;
  for (genvar i = 0; i < 4; i++) assign strobe[8*i+:8] = {8{s_axi_control_wstrb[i]}};
  always_ff @(posedge clk)
    if (!rst_n) high <= '0;
    else if (s_axi_control_awvalid && s_axi_control_awready && between)
      for (int n = 0; n < ARGS; n++)
        if (s_axi_control_awaddr[11:3] == 9'd2 + 9'(n))
          high[32*n+:32] <= (high[32*n+:32] & ~strobe) | (s_axi_control_wdata & strobe);
  // The address of a read is known one cycle before its answer.
  logic read_between;
  logic [31:0] read_high;
  always_ff @(posedge clk)
    if (s_axi_control_arvalid && s_axi_control_arready) begin
      read_between <= s_axi_control_araddr >= 12'h10 && s_axi_control_araddr[2];
      read_high <= '0;
      for (int n = 0; n < ARGS; n++)
        if (s_axi_control_araddr[11:3] == 9'd2 + 9'(n)) read_high <= high[32*n+:32];
    end
  assign s_axi_control_rdata = read_between ? read_high : read_low;
  for (genvar n = 0; n < ARGS; n++) assign args[64*n+:64] = {high[32*n+:32], low[32*n+:32]};
endmodule
