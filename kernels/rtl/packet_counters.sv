// Counters of a kernel since reset. All wrap around.
module packet_counters #(
    parameter int COUNTS = 29,
    parameter int OVER   = 17
) (
    input  logic                 clk,
    input  logic                 rst_n,
    input  logic [          9:0] present,      // packets inside the kernel
    input  logic                 working,      // a packet is inside
    input  logic                 loading,      // a table word has arrived
    input  logic                 stalled,      // a packet waits for a table
    input  logic                 swapped,      // a different page is in use
    input  logic                 beat_in,
    input  logic                 beat_out,
    input  logic                 packet_out,
    input  logic                 drop,
    input  logic [          3:0] drop_reason,
    input  logic                 late,         // drop at the output; reason 14 + late_reason
    input  logic [          1:0] late_reason,
    input  logic                 over,         // drop by the core; reason OVER
    input  logic                 refuse,       // drop by a row core
    input  logic [          4:0] refuse_reason,
    output logic [32*COUNTS-1:0] counts
);
  // 0 cycles with a packet inside, 1 its upper half, 2 table words, 3 cycles stalled on tables, 4 swaps, 5
  // beats in, 6 beats out, 7 packets out, 8 to 27 drops of reasons 0 to 19, 28 packets inside.
  // kernels/rtl/registers.ts names them.
  localparam int REASONS = 20;
  // Events are counted a cycle after they happen, so that no sum waits for what decides them.
  logic is_working, is_loading, is_stalled, is_swapped, is_in, is_out, is_packet, is_full;
  logic [1:0] dropped[REASONS];  // packets of a reason; those of one cycle differ in where they were
  always_ff @(posedge clk)
    if (!rst_n) begin
      {is_working, is_loading, is_stalled, is_swapped, is_in, is_out, is_packet} <= '0;
      for (int n = 0; n < REASONS; n++) dropped[n] <= '0;
    end else begin
      {is_working, is_loading, is_stalled, is_swapped} <= {working, loading, stalled, swapped};
      {is_in, is_out, is_packet} <= {beat_in, beat_out, packet_out};
      for (int n = 0; n < REASONS; n++)
        dropped[n] <= 2'(drop && {1'b0, drop_reason} == 5'(n)) +
            2'(late && 5'd14 + {3'd0, late_reason} == 5'(n)) + 2'(over && n == OVER) +
            2'(refuse && refuse_reason == 5'(n));
    end

  logic [63:0] cycles;
  logic [31:0] words, stalls, swaps, ins, outs, packets;
  logic [31:0] drops[REASONS];
  always_ff @(posedge clk)
    if (!rst_n) begin
      cycles <= '0;
      is_full <= 1'b0;
      words <= '0;
      stalls <= '0;
      swaps <= '0;
      ins <= '0;
      outs <= '0;
      packets <= '0;
      for (int n = 0; n < REASONS; n++) drops[n] <= '0;
    end else begin
      // The upper half follows a cycle later, sooner than a host can read both.
      {is_full, cycles[31:0]} <= {1'b0, cycles[31:0]} + {32'd0, is_working};
      cycles[63:32] <= cycles[63:32] + {31'd0, is_full};
      words <= words + {31'd0, is_loading};
      stalls <= stalls + {31'd0, is_stalled};
      swaps <= swaps + {31'd0, is_swapped};
      ins <= ins + {31'd0, is_in};
      outs <= outs + {31'd0, is_out};
      packets <= packets + {31'd0, is_packet};
      for (int n = 0; n < REASONS; n++) drops[n] <= drops[n] + {30'd0, dropped[n]};
    end
  always_comb begin
    counts = '0;
    counts[63:0] = cycles;
    counts[64+:32] = words;
    counts[96+:32] = stalls;
    counts[128+:32] = swaps;
    counts[160+:32] = ins;
    counts[192+:32] = outs;
    counts[224+:32] = packets;
    for (int n = 0; n < REASONS; n++) counts[32*(8+n)+:32] = drops[n];
    counts[32*28+:32] = {22'd0, present};
  end
endmodule
