import js from "@eslint/js";
import ts from "typescript-eslint";

export default ts.config(js.configs.recommended, ts.configs.recommendedTypeChecked, {
  languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
  rules: {
    // node:test returns a promise that its runner awaits
    "@typescript-eslint/no-floating-promises": ["error", { allowForKnownSafeCalls: ["test"] }],
  },
});
