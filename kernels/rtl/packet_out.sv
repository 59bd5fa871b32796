// The back of every kernel: a header and a payload become a packet with its CRC. The CRC stands before the
// payload that it covers, so the payload is stored until it is known.
module packet_out #(
    parameter int AW    = 7,  // 2^AW beats are stored; at least two longest packets
    parameter int CARRY = 0   // 1: the header's carry leaves as it comes; 0: it is zero
) (
    input  logic         clk,
    input  logic         rst_n,
    // Two beats of header, then the payload; the header's length says where it ends.
    input  logic         s_valid,
    output logic         s_ready,
    input  logic [255:0] s_data,
    input  logic [  1:0] s_part,         // 0 and 1: header, 2: payload
    input  logic         s_last,
    input  logic [  1:0] s_bad,          // at the last beat: why the kernel found the packet wrong, or 0
    // Where the next packet goes, and a pulse when it has its place or is dropped.
    input  logic [ 15:0] s_dest,
    output logic         s_dest_ready,
    // Packets.
    output logic         m_axis_tvalid,
    input  logic         m_axis_tready,
    output logic [255:0] m_axis_tdata,
    output logic [ 31:0] m_axis_tkeep,
    output logic         m_axis_tlast,
    output logic [ 15:0] m_axis_tdest,
    // Packets that the kernel found wrong: a pulse each, they do not leave.
    output logic         late,
    output logic [  1:0] late_reason
);
  // ---- the CRC runs over the header, without its own field, and the payload ----
  logic take, room;
  // What is kept of a header: up to the position, and the carry.
  localparam int HW = CARRY == 1 ? 448 : 320;
  logic [HW-1:0] header;
  logic [4:0] over;  // bytes of the last beat, 0 for all
  logic [31:0] mask, crc, crc_next;
  logic [255:0] bits;
  assign s_ready = room;
  assign take = s_valid && s_ready;
  assign over = header[164:160];
  always_comb begin
    mask = '1;
    if (s_part == 2'd1) mask = CARRY == 1 ? 32'hffff_00ff : 32'h0000_00ff;
    else if (s_part == 2'd2 && s_last && over != 5'd0) mask = ~(32'hffff_ffff << over);
    for (int i = 0; i < 32; i++) bits[8*i+:8] = s_data[8*i+:8] & {8{mask[i]}};
  end
  crc32c_beat u_crc (
      .crc (s_part == 2'd0 ? 32'hffff_ffff : crc),
      .data(bits),
      .next(crc_next)
  );
  logic ended;
  logic [1:0] wrong;
  always_ff @(posedge clk) begin
    ended <= rst_n && take && s_last;
    wrong <= s_bad;
    if (take) begin
      crc <= crc_next;
      if (s_part == 2'd0) header[255:0] <= s_data;
      if (s_part == 2'd1) header[319:256] <= s_data[63:0];
      if (CARRY == 1 && s_part == 2'd1) header[HW-1-:128] <= s_data[255:128];
    end
  end

  logic sealed;
  logic [1:0] wrong5;
  logic [31:0] crc_found;
  logic [HW-1:0] header5;
  crc32c_trim #(
      .W(HW + 2)
  ) u_trim (
      .clk,
      .rst_n,
      .s_valid(ended),
      .s_crc  (crc),
      // The header is that of the packet until the next one's first beat has passed.
      .s_zeros(5'd0 - header[164:160]),
      .s_user ({wrong, header}),
      .m_valid(sealed),
      .m_crc  (crc_found),
      .m_user ({wrong5, header5})
  );

  // ---- stored payloads, and headers with their CRC ----
  logic p_valid, p_ready, p_last;
  logic [255:0] p_data;
  beat_fifo #(
      .W (257),
      .AW(AW)
  ) u_payload (
      .clk,
      .rst_n,
      .s_valid(s_valid && s_part == 2'd2),
      .s_ready(room),
      .s_data ({s_last, bits}),
      .m_valid(p_valid),
      .m_ready(p_ready),
      .m_data ({p_last, p_data})
  );
  logic h_valid, h_ready;
  logic [1:0] h_wrong;
  logic [31:0] h_crc;
  logic [HW-1:0] h_header;
  beat_fifo #(
      .W (HW + 34),
      .AW(AW)
  ) u_headers (
      .clk,
      .rst_n,
      .s_valid(sealed),
      // There is a stored beat for each header, so there is room.
      /* verilator lint_off PINCONNECTEMPTY */
      .s_ready(),
      /* verilator lint_on PINCONNECTEMPTY */
      .s_data ({wrong5, header5[52] ? ~crc_found : 32'd0, header5}),
      .m_valid(h_valid),
      .m_ready(h_ready),
      .m_data ({h_wrong, h_crc, h_header})
  );

  // ---- out: two beats of header, then the payload ----
  logic [1:0] part;
  logic o_valid, o_ready, o_last;
  logic [255:0] o_data;
  logic [31:0] o_keep;
  logic [4:0] h_over;
  assign h_over = h_header[164:160];
  assign o_valid = h_valid && h_wrong == 2'd0 && (part != 2'd2 || p_valid);
  assign o_last = part == 2'd2 && p_last;
  assign o_keep = o_last && h_over != 5'd0 ? ~(32'hffff_ffff << h_over) : '1;
  assign p_ready = h_valid && (h_wrong != 2'd0 || (part == 2'd2 && o_ready));
  assign late = h_valid && h_wrong != 2'd0 && p_valid && p_last;
  assign late_reason = h_wrong;
  assign h_ready = late || (o_valid && o_ready && o_last);
  assign s_dest_ready = h_ready;
  always_comb begin
    if (part == 2'd0) o_data = h_header[255:0];
    else if (part == 2'd1) o_data = {CARRY == 1 ? h_header[HW-1-:128] : 128'd0, 32'd0, h_crc, h_header[319:256]};
    else o_data = p_data;
  end
  always_ff @(posedge clk)
    if (!rst_n) part <= 2'd0;
    else if (o_valid && o_ready) part <= o_last ? 2'd0 : part == 2'd2 ? 2'd2 : part + 2'd1;

  axis_skid #(
      .W(305)
  ) u_skid (
      .clk,
      .rst_n,
      .s_valid(o_valid),
      .s_ready(o_ready),
      .s_data ({s_dest, o_last, o_keep, o_data}),
      .m_valid(m_axis_tvalid),
      .m_ready(m_axis_tready),
      .m_data ({m_axis_tdest, m_axis_tlast, m_axis_tkeep, m_axis_tdata})
  );
endmodule
