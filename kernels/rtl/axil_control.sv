// AXI4-Lite register file driven by XRT: control and interrupts in Vitis' layout (UG1393, ap_ctrl_hs),
// arguments from 0x10 every 8 bytes, read-only counters from 0x200.
module axil_control #(
    parameter int ARGS   = 4,
    parameter int COUNTS = 1
) (
    input  logic                 clk,
    input  logic                 rst_n,
    input  logic                 s_axi_control_awvalid,
    output logic                 s_axi_control_awready,
    /* verilator lint_off UNUSEDSIGNAL */  // accesses are whole words
    input  logic [         11:0] s_axi_control_awaddr,
    /* verilator lint_on UNUSEDSIGNAL */
    input  logic                 s_axi_control_wvalid,
    output logic                 s_axi_control_wready,
    input  logic [         31:0] s_axi_control_wdata,
    input  logic [          3:0] s_axi_control_wstrb,
    output logic                 s_axi_control_bvalid,
    input  logic                 s_axi_control_bready,
    output logic [          1:0] s_axi_control_bresp,
    input  logic                 s_axi_control_arvalid,
    output logic                 s_axi_control_arready,
    /* verilator lint_off UNUSEDSIGNAL */  // accesses are whole words
    input  logic [         11:0] s_axi_control_araddr,
    /* verilator lint_on UNUSEDSIGNAL */
    output logic                 s_axi_control_rvalid,
    input  logic                 s_axi_control_rready,
    output logic [         31:0] s_axi_control_rdata,
    output logic [          1:0] s_axi_control_rresp,
    output logic                 interrupt,
    // ap_start is held until the kernel has taken the arguments.
    output logic                 start,
    input  logic                 taken,
    output logic [  32*ARGS-1:0] args,
    input  logic [32*COUNTS-1:0] counts
);
  localparam logic [9:0] CONTROL = 10'h0, ENABLE = 10'h1, SOURCES = 10'h2, STATUS = 10'h3;
  localparam logic [9:0] FIRST_ARG = 10'h4, FIRST_COUNT = 10'h80;

  // ---- writes: one at a time, address and data together; none while the kernel is reset ----
  logic write;
  logic [9:0] to, from;
  logic [31:0] strobe;
  assign write = rst_n && s_axi_control_awvalid && s_axi_control_wvalid && !s_axi_control_bvalid;
  assign s_axi_control_awready = write;
  assign s_axi_control_wready = write;
  assign s_axi_control_bresp = 2'd0;
  assign s_axi_control_rresp = 2'd0;
  assign to = s_axi_control_awaddr[11:2];
  assign from = s_axi_control_araddr[11:2];
  for (genvar i = 0; i < 4; i++) assign strobe[8*i+:8] = {8{s_axi_control_wstrb[i]}};

  logic done, global_enable, read;
  logic [1:0] enabled, raised;
  assign read = rst_n && s_axi_control_arvalid && !s_axi_control_rvalid;
  assign s_axi_control_arready = read;
  assign interrupt = global_enable && (enabled & raised) != 2'd0;
  always_ff @(posedge clk)
    if (!rst_n) begin
      s_axi_control_bvalid <= 1'b0;
      start <= 1'b0;
      done <= 1'b0;
      global_enable <= 1'b0;
      enabled <= '0;
      raised <= '0;
      args <= '0;
    end else begin
      if (write) s_axi_control_bvalid <= 1'b1;
      else if (s_axi_control_bready) s_axi_control_bvalid <= 1'b0;
      if (taken) start <= 1'b0;
      if (read && from == CONTROL) done <= 1'b0;
      if (taken) done <= 1'b1;
      if (taken) raised <= raised | enabled;
      if (write) begin
        if (to == CONTROL && s_axi_control_wstrb[0] && s_axi_control_wdata[0]) start <= 1'b1;
        if (to == ENABLE && s_axi_control_wstrb[0]) global_enable <= s_axi_control_wdata[0];
        if (to == SOURCES && s_axi_control_wstrb[0]) enabled <= s_axi_control_wdata[1:0];
        if (to == STATUS && s_axi_control_wstrb[0]) raised <= raised ^ s_axi_control_wdata[1:0];
        for (int n = 0; n < ARGS; n++)
          if (to == FIRST_ARG + 10'(2 * n))
            args[32*n+:32] <= (args[32*n+:32] & ~strobe) | (s_axi_control_wdata & strobe);
      end
    end

  // ---- reads ----
  logic [31:0] found;
  always_comb begin
    found = '0;
    // Start, done (until read) and idle; done is set once the arguments are taken.
    if (from == CONTROL) found = {29'd0, !start, done, start};
    if (from == ENABLE) found = {31'd0, global_enable};
    if (from == SOURCES) found = {30'd0, enabled};
    if (from == STATUS) found = {30'd0, raised};
    for (int n = 0; n < ARGS; n++) if (from == FIRST_ARG + 10'(2 * n)) found = args[32*n+:32];
    for (int n = 0; n < COUNTS; n++) if (from == FIRST_COUNT + 10'(n)) found = counts[32*n+:32];
  end
  always_ff @(posedge clk)
    if (!rst_n) s_axi_control_rvalid <= 1'b0;
    else if (read) s_axi_control_rvalid <= 1'b1;
    else if (s_axi_control_rready) s_axi_control_rvalid <= 1'b0;
  always_ff @(posedge clk) if (read) s_axi_control_rdata <= found;
endmodule
