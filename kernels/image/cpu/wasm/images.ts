// Loops over rows of an image. Memory is imported; addresses are byte offsets into it.

export { bilinear1, bilinear3, bilinear4, bilinearWide } from "./bilinear";
export { columns1, columns3, columns4 } from "./columns";
export { finishF32, finishBf16, finishF16, lookUp8, lookUp16, lookUp32 } from "./finish";
export { copy, deinterleave3, deinterleave4, interleave3, interleave4 } from "./move";
export { remapSamples } from "./remap";
export { filterRows } from "./rows";
