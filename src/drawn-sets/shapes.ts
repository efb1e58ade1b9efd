/** Pieces of SVG. */

/** A number of SVG: thousandths of a pixel. */
export function px(value: number): string {
  return `${Math.round(value * 1000) / 1000 + 0}`;
}

export function rect(
  x: number,
  y: number,
  width: number,
  height: number,
  fill: string,
  more = '',
): string {
  return `<rect x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${px(height)}" fill="${fill}" ${more}/>`;
}

export function circle(x: number, y: number, r: number, fill: string, more = ''): string {
  return `<circle cx="${px(x)}" cy="${px(y)}" r="${px(r)}" fill="${fill}" ${more}/>`;
}

/** `#rrggbb` of three bytes. */
export function rgb(r: number, g: number, b: number): string {
  const byte = (value: number): string =>
    Math.min(255, Math.max(0, Math.round(value)))
      .toString(16)
      .padStart(2, '0');
  return `#${byte(r)}${byte(g)}${byte(b)}`;
}

/** A gradient that is named `id`, from the top down or from the left. Stops: place, colour. */
export function gradient(
  id: string,
  direction: 'down' | 'across',
  stops: readonly (readonly [number, string])[],
): string {
  const end = direction === 'down' ? 'x2="0" y2="1"' : 'x2="1" y2="0"';
  const list = stops.map(([at, colour]) => `<stop offset="${px(at)}" stop-color="${colour}"/>`);
  return `<defs><linearGradient id="${id}" x1="0" y1="0" ${end}>${list.join('')}</linearGradient></defs>`;
}
