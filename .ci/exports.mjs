// Reads a Mermaid chart with Mermaid's own parser and counts what it has.
import { readFileSync } from 'fs';
import { JSDOM } from 'jsdom';

const { window } = new JSDOM('');
globalThis.window = window;
globalThis.document = window.document;
const mermaid = (await import('mermaid')).default;
mermaid.initialize({ startOnLoad: false, maxEdges: 100000, maxTextSize: 10000000 });
await mermaid.parse('flowchart LR\n a --> b'); // loads the kinds of charts

const [chart, counts] = process.argv.slice(2);
const [nodes, edges] = readFileSync(counts, 'utf8').split(' ').map(Number);
const { db } = await mermaid.mermaidAPI.getDiagramFromText(readFileSync(chart, 'utf8'));
const vertices = [...db.getVertices().values()];
if (vertices.length !== nodes || db.getEdges().length !== edges) {
  throw new Error(`${vertices.length} nodes, ${db.getEdges().length} edges; want ${nodes}, ${edges}`);
}
for (const v of vertices) {
  if (/<script/i.test(v.text)) throw new Error(`not escaped: ${v.text}`);
}
console.log(`mermaid: ${nodes} nodes, ${edges} edges`);
