import preact from "@preact/preset-vite";
import { defineConfig } from "vite";

// Everything is a file of our own below /assets: the server's content security policy allows no
// inline script, style or data URI. `npm run dev` shows what the server in ACTOGRAM_URL has.
export default defineConfig({
  plugins: [preact({ reactAliasesEnabled: false })],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { "/api": process.env["ACTOGRAM_URL"] ?? "http://127.0.0.1:7878" } },
});
