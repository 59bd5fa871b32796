// Answers a packet of text: tokens become ids, ids are packed bit by bit, and parts are sent with the
// request's header. One flow at a time.
module token_answer #(
    parameter int FLOWS = 8,
    parameter int FW    = 3,
    parameter int TW    = 13,
    parameter int PW    = 5
) (
    input  logic              clk,
    input  logic              rst_n,
    input  logic [       4:0] cfg_bits,       // bits of an id
    input  logic              load,           // loads ids by token number
    input  logic [      15:0] load_addr,
    input  logic [      16:0] load_data,
    input  logic [ FLOWS-1:0] mine,
    output logic              spent,          // the packet is answered
    output logic [    FW-1:0] flow,
    output logic              another,        // another part begins
    // State of the flow.
    input  logic [     255:0] header,
    input  logic [       9:0] held,
    input  logic              cut,
    input  logic              replaced,
    input  logic [       1:0] escape,
    output logic [    PW-1:0] part,
    input  logic [    PW-1:0] last_part,
    input  logic [      47:0] position,
    input  logic [      11:0] count,
    input  logic [      11:0] confirmed,
    output logic [    TW-1:0] number,
    input  logic [      15:0] token,
    input  logic              token_ends,
    // Beats.
    output logic              m_valid,
    input  logic              m_ready,
    output logic [     255:0] m_data,
    output logic [       1:0] m_part,
    output logic              m_last
);
  localparam logic [3:0] IDLE = 4'd0, SIZE = 4'd1, HEAD = 4'd2, CARRY = 4'd3, READ = 4'd4, LOOK = 4'd5, FORM = 4'd6;
  localparam logic [3:0] PACK = 4'd7, BEAT = 4'd8;
  localparam logic [7:0] TOKENS = 8'd5;  // payload kind
  logic [3:0] state;

  // ---- header ----
  logic [4:0] width;  // bits of a token: its id, plus one for the end of a piece
  logic [16:0] bits;
  logic [15:0] bytes;
  logic escaped;
  logic [31:0] rest;
  assign width = cfg_bits + 5'd1;
  assign bits = 17'(count) * 17'(width);
  assign bytes = count == 12'd0 ? 16'd1 : 16'((bits + 17'd7) >> 3);
  assign escaped = escape != 2'd0;
  assign rest = escaped ? 32'd0 : {22'd0, held};
  logic [255:0] head, carry;
  always_comb begin
    carry = '0;
    carry[47:0] = position;
    carry[128+:12] = count;
    carry[144+:5] = cfg_bits;
    carry[152+:PW] = part;
    carry[160+:PW+1] = {1'b0, last_part} + 1'b1;
    carry[168] = replaced;
    carry[169] = !escaped && !cut && held == 10'd0;
    carry[176+:12] = confirmed;
    carry[192+:32] = rest;
    carry[224+:2] = escape;
  end
  always_ff @(posedge clk)
    if (state == SIZE) begin
      head <= header;
      head[47:40] <= TOKENS;
      head[51] <= escaped;
      head[175:160] <= bytes;
      head[191:176] <= '0;
    end

  // ---- ids ----
  (* ram_style = "ultra" *) logic [16:0] ids[2**16];
  logic [16:0] id;
  logic [17:0] item;  // an id, and above it whether a piece ends with it
  logic ends;
  always_ff @(posedge clk) begin
    if (load) ids[load_addr] <= load_data;
    id <= ids[token];
    ends <= token_ends;
    item <= 18'(ends) << cfg_bits | {1'b0, id};
  end

  // ---- bit packing ----
  logic [11:0] left;
  logic [8:0] fill;
  logic [9:0] filled;
  logic [273:0] packed_;
  logic fills, done;
  assign filled = {1'b0, fill} + {5'd0, width};
  assign fills = filled >= 10'd256;
  assign done = left == 12'd0 && fill <= 9'd256;

  assign m_valid = state == HEAD || state == CARRY || state == BEAT;
  assign m_last = state == BEAT && done;
  always_comb begin
    if (state == HEAD) begin
      m_data = head;
      m_part = 2'd0;
    end else if (state == CARRY) begin
      m_data = carry;
      m_part = 2'd1;
    end else begin
      m_data = packed_[255:0];
      m_part = 2'd2;
    end
  end
  assign spent = m_last && m_ready && part == last_part;
  assign another = m_last && m_ready && part != last_part;

  logic [FW-1:0] next;
  logic wanted;
  flow_pick #(
      .FLOWS(FLOWS),
      .FW   (FW)
  ) u_pick (
      .clk,
      .rst_n,
      .able (state == IDLE ? mine : '0),
      .valid(wanted),
      .flow (next)
  );
  always_ff @(posedge clk)
    if (!rst_n) state <= IDLE;
    else
      case (state)
        IDLE: if (wanted) state <= SIZE;
        SIZE: state <= HEAD;
        HEAD: if (m_ready) state <= CARRY;
        CARRY: if (m_ready) state <= count == 12'd0 ? BEAT : READ;
        READ: state <= LOOK;
        LOOK: state <= FORM;
        FORM: state <= PACK;
        PACK: if (fills || left == 12'd1) state <= BEAT;
        default: if (m_ready) state <= m_last ? (part == last_part ? IDLE : SIZE) : left == 12'd0 ? BEAT : READ;
      endcase
  always_ff @(posedge clk)
    case (state)
      IDLE: begin
        flow <= next;
        part <= '0;
        number <= '0;
      end
      READ, LOOK, FORM: number <= number + 1'b1;
      HEAD: begin
        left <= count;
        fill <= '0;
        packed_ <= '0;
      end
      PACK: begin
        packed_ <= packed_ | ({256'd0, item} << fill);
        fill <= 9'(filled);
        left <= left - 12'd1;
        // Three tokens are read ahead; after a beat they are read again.
        number <= fills || left == 12'd1 ? number - TW'(2) : number + 1'b1;
      end
      BEAT:
      if (m_ready) begin
        packed_ <= packed_ >> 256;
        fill <= fill < 9'd256 ? '0 : fill - 9'd256;
        if (m_last) part <= part + 1'b1;
      end
      default: ;
    endcase
endmodule
