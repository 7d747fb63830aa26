// The CodeMirror view: SPARQL with completion from this graph and errors from the server's own parser.
// It lives in a shadow root, so that its styles are adopted style sheets and the strict policy holds.

import {
  autocompletion,
  type CompletionContext,
  type CompletionResult,
  closeBrackets,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, linter, lintKeymap } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { sparql } from "codemirror-lang-sparql";
import { offers, type Terms } from "./completion";

export interface Options {
  parent: HTMLElement;
  text: string;
  labelledBy: string;
  terms: Promise<Terms>;
  validate: (query: string) => Promise<{ ok: boolean; line?: number; column?: number; message?: string }>;
  run: () => void;
}

// Colours are the page's own variables, which reach into the shadow root and follow the theme.
const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--code-keyword)", fontWeight: "600" },
  { tag: [tags.string, tags.number, tags.bool], color: "var(--code-literal)" },
  { tag: tags.variableName, color: "var(--code-variable)" },
  { tag: [tags.namespace, tags.propertyName, tags.url, tags.typeName], color: "var(--code-iri)" },
  { tag: tags.comment, color: "var(--ink-soft)", fontStyle: "italic" },
]);

const theme = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "var(--paper)", fontSize: "0.95rem" },
  ".cm-content": { fontFamily: "var(--mono)", caretColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "var(--paper)", color: "var(--ink-soft)", border: "none" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--accent) 7%, transparent)" },
  "&.cm-focused": { outline: "3px solid var(--focus)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-tooltip": { backgroundColor: "var(--paper)", color: "var(--ink)", border: "1px solid var(--rule)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": {
    backgroundColor: "var(--accent)",
    color: "var(--paper)",
  },
  ".cm-completionDetail": { fontStyle: "normal", opacity: "0.85" },
  ".cm-selectionBackground, &.cm-focused .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--accent) 25%, transparent) !important",
  },
  ".cm-scroller": { minHeight: "14rem", maxHeight: "60vh" },
});

async function complete(terms: Promise<Terms>, context: CompletionContext): Promise<CompletionResult | null> {
  const word = context.matchBefore(/[?$]?[\w-]*:?[\w-]*/);
  if (!word || (word.from === word.to && !context.explicit)) return null;
  const before = context.state.sliceDoc(0, word.from);
  const found = offers(await terms, before, word.text);
  return { from: word.from, options: found, validFor: /^[?$]?[\w-]*:?[\w-]*$/ };
}

async function marks(view: EditorView, validate: Options["validate"]): Promise<Diagnostic[]> {
  const query = view.state.doc.toString();
  if (!query.trim()) return [];
  const verdict = await validate(query);
  if (verdict.ok) return [];
  const line = view.state.doc.line(Math.min(Math.max(verdict.line ?? 1, 1), view.state.doc.lines));
  const from = Math.min(line.from + Math.max((verdict.column ?? 1) - 1, 0), line.to);
  return [
    {
      from,
      to: Math.max(from, line.to),
      severity: "error",
      message: verdict.message ?? "This does not parse.",
    },
  ];
}

/** Make the editor; Ctrl+Enter runs, Tab leaves the editor (so that the keyboard is never caught). */
export function sparqlView(options: Options): EditorView {
  const host = document.createElement("div");
  options.parent.append(host);
  const root = host.attachShadow({ mode: "open" });
  const run = () => {
    options.run();
    return true;
  };
  const state = EditorState.create({
    doc: options.text,
    extensions: [
      lineNumbers(),
      history(),
      indentOnInput(),
      bracketMatching(),
      closeBrackets(),
      highlightActiveLine(),
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ "aria-label": options.labelledBy, "aria-multiline": "true" }),
      sparql(),
      syntaxHighlighting(colours),
      theme,
      autocompletion({ override: [(context) => complete(options.terms, context)] }),
      linter((view) => marks(view, options.validate), { delay: 400 }),
      keymap.of([
        { key: "Mod-Enter", run, preventDefault: true },
        ...defaultKeymap,
        ...historyKeymap,
        ...lintKeymap,
      ]),
    ],
  });
  const view = new EditorView({ state, parent: root, root });
  view.scrollDOM.tabIndex = 0; // a region that scrolls can be reached by keyboard (WCAG 2.1.1)
  return view;
}
