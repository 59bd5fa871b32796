/**
 * What a build of the RTL exports.
 *
 * @module
 */

/**
 * One instance of the hardware, `kernels/rtl/harness/packets.cpp`. Addresses are bytes from the beginning of its
 * memory; all words are little-endian.
 */
export interface RtlExports {
  /** Where packets, answers and words of pages are; its buffer stays after the first reset. */
  readonly memory: { readonly buffer: ArrayBuffer };
  /** To be called once, before all else. */
  readonly __wasm_call_ctors: () => void;
  /** Resets the hardware; tables stay. */
  readonly reset: () => void;
  /** Writes a word over AXI4-Lite. */
  readonly write_register: (address: number, value: number) => void;
  /** Reads a word over AXI4-Lite. */
  readonly read_register: (address: number) => number;
  /** Sends so many words of 64 bits from the input to the stream of tables; 0, or -1 while packets are inside. */
  readonly load: (words: number) => number;
  /** Sends packets and waits for them; the number of answers, or a number below 0 that says what is wanted. */
  readonly run: (
    count: number,
    sendPause: number,
    takePause: number,
    seed: number,
    most: number,
    more: number,
  ) => number;
  /** Moves the limit of the run's cycles, counted from its beginning; one that has reached it goes on. */
  readonly allow: (most: number) => void;
  /** The number of answers that are whole. */
  readonly found_so_far: () => number;
  /** Says that the answers were copied. */
  readonly make_room: () => void;
  /** Goes on with a run; `more` is 1 when more words of pages wait than are in the ring. */
  readonly go_on: (more: number) => number;
  /** The ring of words of pages. */
  readonly words_at: () => number;
  /** Words that the ring holds. */
  readonly words_most: () => number;
  /** Words that it has room for. */
  readonly words_room: () => number;
  /** The place of the next word. */
  readonly words_next: () => number;
  /** Says that so many words were written. */
  readonly words_add: (count: number) => void;
  /** Forgets all words. */
  readonly words_clear: () => void;
  /** Bytes of the packets, one behind the other. */
  readonly input_at: () => number;
  /** Bytes of the answers, one behind the other. */
  readonly output_at: () => number;
  /** Ends of the packets, 32 bits each. */
  readonly ends_at: () => number;
  /** Ends of the answers, 32 bits each. */
  readonly answers_at: () => number;
  /** Sockets of the packets, 16 bits each. */
  readonly sockets_at: () => number;
  /** Sockets of the answers, 16 bits each. */
  readonly answered_at: () => number;
  /** External memory, where the kernel reads some. */
  readonly memory_at?: () => number;
  /** Its bytes. */
  readonly memory_bytes?: () => number;
  /** Says how long it takes, cycles from request to word and the chance of a pause. */
  readonly memory_latency?: (least: number, more: number, pause: number, seed: number) => void;
}

/** What a build exports beside that which can write a waveform, `kernels/rtl/harness/wave/wave.h`. */
export interface WaveExports {
  /** Where the text is. */
  readonly memory: { readonly buffer: ArrayBuffer };
  /** Writes the declarations; `half` is half a cycle in units of time. */
  readonly wave_open: (half: number) => void;
  /** The text. */
  readonly wave_at: () => number;
  /** Bytes of it. */
  readonly wave_size: () => number;
  /** Says that the text was taken. */
  readonly wave_clear: () => void;
  /** Says which packets of the next run are written, from `first` on and before `end`. */
  readonly wave_range: (first: number, end: number) => void;
}
