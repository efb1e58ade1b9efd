// Line charts as SVG, readable on light and dark pages: plain strings, no dependency. Figures come from calibration-figures.mjs.

export const SIDE = 220;
export const MARGIN = { left: 46, top: 52, right: 18, bottom: 46 };
export const PANEL = {
  width: MARGIN.left + SIDE + MARGIN.right,
  height: MARGIN.top + SIDE + MARGIN.bottom,
};

// Colours of Okabe and Ito, which colour-blind people can tell apart; darker on light, lighter on dark.
const STYLE = `
    .page { fill: #ffffff; } text { fill: #1f2328; font: 12px system-ui, sans-serif; }
    .title { font-weight: 600; font-size: 13px; } .small { fill: #59636e; font-size: 11px; }
    .grid { stroke: #d1d9e0; } .frame { stroke: #818b98; fill: none; } .ideal { stroke: #818b98; stroke-dasharray: 4 4; }
    .a { stroke: #0072b2; } .b { stroke: #d55e00; } .c { stroke: #007a5a; } .line { fill: none; stroke-width: 2; }
    .bar { stroke-width: 1.5; } .dot { fill: #0072b2; stroke: #ffffff; }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117; } text { fill: #f0f6fc; } .small { fill: #9198a1; } .grid { stroke: #2b323b; }
      .frame, .ideal { stroke: #656c76; } .a { stroke: #56b4e9; } .b { stroke: #f0883e; } .c { stroke: #3fc79a; }
      .dot { fill: #56b4e9; stroke: #0d1117; }
    }`;

const round = (v) => Number(v.toFixed(1));
const px = (v) => round(MARGIN.left + v * SIDE);
const py = (v) => round(MARGIN.top + (1 - v) * SIDE);
const escapeXml = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

export function text(x, y, content, { anchor = 'start', kind = 'small', turn = false } = {}) {
  const rotation = turn ? ` transform="rotate(-90 ${x} ${y})"` : '';
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" class="${kind}"${rotation}>${escapeXml(content)}</text>`;
}

/** Axes from 0 to 1, `marks` inside them. */
function panel({ title, subtitle, xLabel, yLabel }, marks) {
  const parts = [
    text(MARGIN.left, 20, title, { kind: 'title' }),
    text(MARGIN.left, 38, subtitle),
    text(MARGIN.left + SIDE / 2, PANEL.height - 10, xLabel, { anchor: 'middle' }),
    text(13, MARGIN.top + SIDE / 2, yLabel, { anchor: 'middle', turn: true }),
  ];
  for (const v of [0, 0.25, 0.5, 0.75, 1]) {
    parts.push(`<path class="grid" d="M${px(v)} ${py(0)}V${py(1)}M${px(0)} ${py(v)}H${px(1)}"/>`);
    parts.push(text(px(v), py(0) + 16, String(v), { anchor: 'middle' }));
    parts.push(text(px(0) - 6, py(v) + 4, String(v), { anchor: 'end' }));
  }
  parts.push(`<rect class="frame" x="${px(0)}" y="${py(1)}" width="${SIDE}" height="${SIDE}"/>`);
  return [...parts, ...marks];
}

/** Panels side by side, `perRow` in a row. */
export function page(label, panels, perRow) {
  const width = Math.min(perRow, panels.length) * PANEL.width;
  const height = Math.ceil(panels.length / perRow) * PANEL.height;
  const placed = panels.map((parts, i) => {
    const at = `${(i % perRow) * PANEL.width} ${Math.floor(i / perRow) * PANEL.height}`;
    return `  <g transform="translate(${at})">\n    ${parts.join('\n    ')}\n  </g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeXml(label)}">`,
    `  <style>${STYLE}\n  </style>`,
    `  <rect class="page" width="${width}" height="${height}"/>`,
    ...placed,
    '</svg>\n',
  ].join('\n');
}

/** Share of right ones against score. `charts`: { title, subtitle, bins } with bins of `reliability`. */
export function reliabilityDiagrams(charts) {
  const panels = charts.map(({ title, subtitle, bins }) => {
    const axes = { title, subtitle, xLabel: 'score', yLabel: 'share that is right' };
    return panel(axes, [
      `<path class="ideal" d="M${px(0)} ${py(0)}L${px(1)} ${py(1)}"/>`,
      ...bins.map((b) => `<path class="bar a" d="M${px(b.score)} ${py(b.low)}V${py(b.high)}"/>`),
      `<polyline class="line a" points="${bins.map((b) => `${px(b.score)},${py(b.right)}`).join(' ')}"/>`,
      ...bins.map((b) => `<circle class="dot" cx="${px(b.score)}" cy="${py(b.right)}" r="4"/>`),
    ]);
  });
  return page('How often results are right, by score', panels, 3);
}

/** Precision, recall and F1 against minScore. `charts`: { title, subtitle, points } with points of `f1At`. */
export function thresholdCurves(charts) {
  const panels = charts.map(({ title, subtitle, points }) => {
    const lines = [
      ['f1', 'a', 'F1'],
      ['precision', 'b', 'precision'],
      ['recall', 'c', 'recall'],
    ];
    const marks = lines.flatMap(([key, color, name], i) => {
      const path = points.map((p) => `${px(p.minScore)},${py(p[key])}`).join(' ');
      // Top left, where precision comes last.
      const x = px(0.04);
      const y = py(0.93) + i * 16;
      return [
        `<polyline class="line ${color}" points="${path}"/>`,
        `<path class="line ${color}" d="M${x} ${y - 4}h12"/>`,
        text(round(x + 16), y, name),
      ];
    });
    return panel({ title, subtitle, xLabel: 'minScore', yLabel: '' }, marks);
  });
  return page('Precision, recall and F1 by minScore', panels, 2);
}
