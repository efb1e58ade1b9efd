/** Charts and pages for reports; re-exports only. Figures are computed elsewhere. */
export { type Bar, type BarChart, barChart } from './bar-chart.js';
export { figure, Html, htmlPage, paragraph, section, table } from './html.js';
export { type Line, type LineChart, lineChart, type Point } from './line-chart.js';
export { chartPage, escapeMarkup, type Panel, type Tone } from './svg.js';
