import { render } from "preact";
import { App } from "./app.tsx";
import { startRouter } from "./route.ts";
import { applyTheme } from "./theme.ts";
import { startTooltip } from "./tooltip.tsx";
import "./style/base.css";
import "./style/pages.css";
import "./style/excerpts.css";
import "./style/document.css";
import "./style/heads.css";
import "./style/try.css";
import "./style/words.css";

applyTheme();
startRouter();
startTooltip();
const root = document.getElementById("app");
if (root) render(<App />, root);
