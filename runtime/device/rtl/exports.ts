/**
 * Exports of a build of the RTL, as `kernels/rtl/harness` names them.
 *
 * @module
 */

/**
 * Exports of one instance, `kernels/rtl/harness/packets.cpp`. Addresses are byte offsets in its memory; all words are
 * little-endian.
 */
export interface RtlExports {
  /** Memory with packets, answers and page words. Its buffer does not change after the first reset. */
  readonly memory: { readonly buffer: ArrayBuffer };
  /** C++ constructors. Must be called once, before all other functions. */
  readonly __wasm_call_ctors: () => void;
  /** Resets the hardware. Tables stay loaded. */
  readonly reset: () => void;
  /** Writes a register over AXI4-Lite. */
  readonly write_register: (address: number, value: number) => void;
  /** Reads a register over AXI4-Lite. */
  readonly read_register: (address: number) => number;
  /** Sends `words` words of 64 bits from the input to the table stream. Returns 0, or -1 while packets are inside. */
  readonly load: (words: number) => number;
  /**
   * Sends `count` packets and simulates at most `most` cycles, until all of them have left. `more` is as in `go_on`.
   * Returns the number of answers, or a negative reason for the stop.
   */
  readonly run: (
    count: number,
    sendPause: number,
    takePause: number,
    seed: number,
    most: number,
    more: number,
  ) => number;
  /** Sets a new cycle limit, counted from the start of the run. A run that stopped at the old limit continues. */
  readonly allow: (most: number) => void;
  /** Number of complete answers. */
  readonly found_so_far: () => number;
  /** Frees the output after its answers were copied. */
  readonly make_room: () => void;
  /** Continues a run. `more` is 1 if more page words are pending than the ring holds, else 0. */
  readonly go_on: (more: number) => number;
  /** Bytes of a word of the table stream. Absent if it has 8. */
  readonly words_bytes?: () => number;
  /** Address of the ring of page words, each as wide as the table stream. */
  readonly words_at: () => number;
  /** Capacity of the ring in words. */
  readonly words_most: () => number;
  /** Free words of the ring. */
  readonly words_room: () => number;
  /** Index in the ring of the next word to write. */
  readonly words_next: () => number;
  /** Commits `count` words written to the ring. */
  readonly words_add: (count: number) => void;
  /** Discards all words in the ring. */
  readonly words_clear: () => void;
  /** Address of the packets, one directly behind the other. */
  readonly input_at: () => number;
  /** Address of the answers, one directly behind the other. */
  readonly output_at: () => number;
  /** Address of the packets' end offsets, 32 bits each. */
  readonly ends_at: () => number;
  /** Address of the answers' end offsets, 32 bits each. */
  readonly answers_at: () => number;
  /** Address of the packets' sockets, 16 bits each. */
  readonly sockets_at: () => number;
  /** Address of the answers' sockets, 16 bits each. */
  readonly answered_at: () => number;
  /** Address of external memory. Absent if the kernel reads none. */
  readonly memory_at?: () => number;
  /** Size of external memory in bytes. */
  readonly memory_bytes?: () => number;
  /** Sets the latency of external memory: cycles from request to word, and the chance of a pause in 16. */
  readonly memory_latency?: (least: number, more: number, pause: number, seed: number) => void;
}

/** Further exports of a build with waveforms, `kernels/rtl/harness/wave/wave.h`. */
export interface WaveExports {
  /** Memory with the waveform's text. */
  readonly memory: { readonly buffer: ArrayBuffer };
  /** Writes the signal declarations. `half` is half a cycle in picoseconds. */
  readonly wave_open: (half: number) => void;
  /** Address of the text. */
  readonly wave_at: () => number;
  /** Length of the text in bytes. */
  readonly wave_size: () => number;
  /** Discards the text after it was copied. */
  readonly wave_clear: () => void;
  /** Selects the packets of the next run to write: from `first` up to, but not including, `end`. */
  readonly wave_range: (first: number, end: number) => void;
}
