/**
 * Presets of torchvision 0.14 for classification: the parameters of `Weights.transforms()`, which is
 * `ImageClassification` for all of them.
 *
 * @module
 */

import type { FilterName } from "../../kernels/image/geometry/names.ts";

/** Mean and standard deviation of each channel. */
export type Statistics = readonly [
  mean: readonly [number, number, number],
  std: readonly [number, number, number],
];

/** Parameters of presets, and the classes of weights that have them. */
export interface PresetRow {
  /** Name of the weights in their class. */
  readonly weights: string;
  /** Shortest edge after the resize. */
  readonly resize: number;
  /** Edge of the centre crop. */
  readonly crop: number;
  /** Filter of the resize. */
  readonly filter: FilterName;
  /** Statistics of the values. */
  readonly statistics: Statistics;
  /** Classes without their ending `_Weights`. */
  readonly classes: readonly string[];
}

const IMAGENET: Statistics = [[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]];
const HALF: Statistics = [[0.5, 0.5, 0.5], [0.5, 0.5, 0.5]];
const LEVELS: Statistics = [[0.48235, 0.45882, 0.40784], [1 / 255, 1 / 255, 1 / 255]];

const preset = (
  weights: string,
  resize: number,
  crop: number,
  filter: FilterName,
  statistics: Statistics,
  classes: string,
): PresetRow => ({ weights, resize, crop, filter, statistics, classes: classes.split(" ") });

/** All presets. */
export const PRESET_ROWS: readonly PresetRow[] = [
  preset("IMAGENET1K_V1", 224, 224, "bicubic", IMAGENET, "MaxVit_T"),
  preset("IMAGENET1K_V1", 230, 224, "bilinear", IMAGENET, "ConvNeXt_Small"),
  preset("IMAGENET1K_V1", 232, 224, "bicubic", IMAGENET, "Swin_T"),
  preset(
    "IMAGENET1K_V1",
    232,
    224,
    "bilinear",
    IMAGENET,
    "ConvNeXt_Base ConvNeXt_Large MNASNet0_75 MNASNet1_3 ResNeXt101_64X4D ShuffleNet_V2_X1_5 " +
      "ShuffleNet_V2_X2_0",
  ),
  preset("IMAGENET1K_V1", 236, 224, "bilinear", IMAGENET, "ConvNeXt_Tiny"),
  preset("IMAGENET1K_V1", 238, 224, "bicubic", IMAGENET, "Swin_B"),
  preset("IMAGENET1K_V1", 242, 224, "bilinear", IMAGENET, "ViT_L_16"),
  preset("IMAGENET1K_V1", 246, 224, "bicubic", IMAGENET, "Swin_S"),
  preset("IMAGENET1K_V1", 256, 224, "bicubic", IMAGENET, "EfficientNet_B0"),
  preset(
    "IMAGENET1K_V1",
    256,
    224,
    "bilinear",
    IMAGENET,
    "AlexNet DenseNet121 DenseNet161 DenseNet169 DenseNet201 GoogLeNet MNASNet0_5 MNASNet1_0 " +
      "MobileNet_V2 MobileNet_V3_Large MobileNet_V3_Small RegNet_X_16GF RegNet_X_1_6GF RegNet_X_32GF " +
      "RegNet_X_3_2GF RegNet_X_400MF RegNet_X_800MF RegNet_X_8GF RegNet_Y_16GF RegNet_Y_1_6GF " +
      "RegNet_Y_32GF RegNet_Y_3_2GF RegNet_Y_400MF RegNet_Y_800MF RegNet_Y_8GF ResNeXt101_32X8D " +
      "ResNeXt50_32X4D ResNet101 ResNet152 ResNet18 ResNet34 ResNet50 ShuffleNet_V2_X0_5 " +
      "ShuffleNet_V2_X1_0 SqueezeNet1_0 SqueezeNet1_1 VGG11_BN VGG11 VGG13_BN VGG13 VGG16_BN VGG16 " +
      "VGG19_BN VGG19 ViT_B_16 ViT_B_32 ViT_L_32 Wide_ResNet101_2 Wide_ResNet50_2",
  ),
  preset("IMAGENET1K_V1", 256, 240, "bicubic", IMAGENET, "EfficientNet_B1"),
  preset("IMAGENET1K_V1", 260, 256, "bicubic", IMAGENET, "Swin_V2_S Swin_V2_T"),
  preset("IMAGENET1K_V1", 272, 256, "bicubic", IMAGENET, "Swin_V2_B"),
  preset("IMAGENET1K_V1", 288, 288, "bicubic", IMAGENET, "EfficientNet_B2"),
  preset("IMAGENET1K_V1", 320, 300, "bicubic", IMAGENET, "EfficientNet_B3"),
  preset("IMAGENET1K_V1", 342, 299, "bilinear", IMAGENET, "Inception_V3"),
  preset("IMAGENET1K_V1", 384, 380, "bicubic", IMAGENET, "EfficientNet_B4"),
  preset("IMAGENET1K_V1", 384, 384, "bilinear", IMAGENET, "EfficientNet_V2_S"),
  preset("IMAGENET1K_V1", 456, 456, "bicubic", IMAGENET, "EfficientNet_B5"),
  preset("IMAGENET1K_V1", 480, 480, "bicubic", HALF, "EfficientNet_V2_L"),
  preset("IMAGENET1K_V1", 480, 480, "bilinear", IMAGENET, "EfficientNet_V2_M"),
  preset("IMAGENET1K_V1", 528, 528, "bicubic", IMAGENET, "EfficientNet_B6"),
  preset("IMAGENET1K_V1", 600, 600, "bicubic", IMAGENET, "EfficientNet_B7"),
  preset("IMAGENET1K_FEATURES", 256, 224, "bilinear", LEVELS, "VGG16"),
  preset(
    "IMAGENET1K_SWAG_E2E_V1",
    384,
    384,
    "bicubic",
    IMAGENET,
    "RegNet_Y_128GF RegNet_Y_16GF RegNet_Y_32GF ViT_B_16",
  ),
  preset("IMAGENET1K_SWAG_E2E_V1", 512, 512, "bicubic", IMAGENET, "ViT_L_16"),
  preset("IMAGENET1K_SWAG_E2E_V1", 518, 518, "bicubic", IMAGENET, "ViT_H_14"),
  preset(
    "IMAGENET1K_SWAG_LINEAR_V1",
    224,
    224,
    "bicubic",
    IMAGENET,
    "RegNet_Y_128GF RegNet_Y_16GF RegNet_Y_32GF ViT_B_16 ViT_H_14 ViT_L_16",
  ),
  preset(
    "IMAGENET1K_V2",
    232,
    224,
    "bilinear",
    IMAGENET,
    "MobileNet_V2 MobileNet_V3_Large RegNet_X_16GF RegNet_X_1_6GF RegNet_X_32GF RegNet_X_3_2GF " +
      "RegNet_X_400MF RegNet_X_800MF RegNet_X_8GF RegNet_Y_16GF RegNet_Y_1_6GF RegNet_Y_32GF " +
      "RegNet_Y_3_2GF RegNet_Y_400MF RegNet_Y_800MF RegNet_Y_8GF ResNeXt101_32X8D ResNeXt50_32X4D " +
      "ResNet101 ResNet152 ResNet50 Wide_ResNet101_2 Wide_ResNet50_2",
  ),
  preset("IMAGENET1K_V2", 255, 240, "bilinear", IMAGENET, "EfficientNet_B1"),
];
