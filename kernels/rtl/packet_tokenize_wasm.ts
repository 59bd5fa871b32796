export const TOKENIZE_WASM: string = "";
