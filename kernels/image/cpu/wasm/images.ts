// Loops over rows of an image. Memory is imported; addresses are byte offsets into it.

export {
  bilinear1HalfEven, bilinear1HalfUp, bilinear1OpenCv, bilinear1Scaled,
  bilinear3HalfEven, bilinear3HalfUp, bilinear3OpenCv, bilinear3Scaled,
  bilinear4HalfEven, bilinear4HalfUp, bilinear4OpenCv, bilinear4Scaled, bilinearWide,
} from "./bilinear";
export { columns1, columns3, columns4, columnsWide1, columnsWide3, columnsWide4 } from "./columns";
export { finishF32, lookUp8, lookUp16, lookUp32 } from "./finish";
export { copy, deinterleave3, deinterleave4, interleave3, interleave4 } from "./move";
export { remapSamples } from "./remap";
export { filterRows, filterRowsWide } from "./rows";
