/** Names by which plans ask for a build. */
export type PlanBuild = "terms" | "products" | "rows" | "tokenize";
