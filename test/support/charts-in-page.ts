/** Run in a page: texts of charts that are on each other or leave their picture. A letter's box is higher than what is drawn of it. */
export const CHART_FAULTS = `(() => {
  const faults = [];
  let texts = 0;
  for (const svg of document.querySelectorAll('svg.chart')) {
    const frame = svg.getBoundingClientRect();
    const boxes = [...svg.querySelectorAll('text')].map((text) => {
      const { left, right, top, bottom } = text.getBoundingClientRect();
      const isTurned = text.hasAttribute('transform');
      const [x, y] = isTurned ? [1.5, 0] : [0, 1.5];
      const content = text.lastChild?.textContent ?? '';
      return { content, left: left + x, right: right - x, top: top + y, bottom: bottom - y };
    }).filter(({ left, right }) => right > left);
    texts += boxes.length;
    boxes.forEach((box, i) => {
      const name = svg.id + ': ' + box.content;
      if (box.left < frame.left || box.right > frame.right || box.top < frame.top || box.bottom > frame.bottom) {
        faults.push(name + ' leaves the panel');
      }
      for (const other of boxes.slice(i + 1)) {
        if (box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom) {
          faults.push(name + ' is on ' + other.content);
        }
      }
    });
  }
  return { faults, texts };
})()`;
