export * from "./serialize/mod.ts";
