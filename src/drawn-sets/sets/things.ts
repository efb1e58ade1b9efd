/** Things with a name that has a plural. Each drawing reaches exactly from 0, 0 to its width and height. */
import type { Random } from '../random.js';
import { circle, rect } from '../shapes.js';

export interface Thing {
  readonly label: string;
  readonly plural: string;
  /** With its article. */
  readonly one: string;
  readonly width: number;
  readonly height: number;
  readonly draw: (random: Random) => string;
}

const polygon = (points: string, fill: string): string =>
  `<polygon points="${points}" fill="${fill}"/>`;
const path = (d: string, fill: string): string => `<path d="${d}" fill="${fill}"/>`;
const ellipse = (cx: number, cy: number, rx: number, ry: number, fill: string): string =>
  `<ellipse cx="${cx}" cy="${cy}" rx="${rx}" ry="${ry}" fill="${fill}"/>`;

const BRIGHT = ['#d8352f', '#2f6fd0', '#f0a81e', '#3c9a4a', '#8a4fb0', '#e06a9a'] as const;

export const THINGS: readonly Thing[] = [
  { label: 'dog', plural: 'dogs', one: 'a dog', width: 140, height: 100, draw: dog },
  { label: 'apple', plural: 'apples', one: 'an apple', width: 88, height: 100, draw: apple },
  { label: 'balloon', plural: 'balloons', one: 'a balloon', width: 72, height: 130, draw: balloon },
  { label: 'ball', plural: 'balls', one: 'a ball', width: 90, height: 90, draw: ball },
  { label: 'box', plural: 'boxes', one: 'a box', width: 100, height: 84, draw: box },
  { label: 'cup', plural: 'cups', one: 'a cup', width: 104, height: 84, draw: cup },
  { label: 'key', plural: 'keys', one: 'a key', width: 130, height: 50, draw: key },
  { label: 'house', plural: 'houses', one: 'a house', width: 110, height: 110, draw: house },
  { label: 'star', plural: 'stars', one: 'a star', width: 100, height: 95.1, draw: star },
  {
    label: 'mushroom',
    plural: 'mushrooms',
    one: 'a mushroom',
    width: 100,
    height: 96,
    draw: mushroom,
  },
  { label: 'leaf', plural: 'leaves', one: 'a leaf', width: 45, height: 120, draw: leaf },
  { label: 'knife', plural: 'knives', one: 'a knife', width: 150, height: 26, draw: knife },
];

function dog(random: Random): string {
  const [coat, dark] = random.of([
    ['#9a6a3c', '#6e4725'],
    ['#d9b27c', '#a97f4c'],
    ['#4a4a4e', '#2c2c30'],
    ['#cbb593', '#9c8763'],
  ] as const);
  return [
    polygon('0,16 9,12 32,50 22,56', coat),
    rect(40, 62, 12, 38, dark, 'rx="4"'),
    rect(86, 62, 12, 38, dark, 'rx="4"'),
    rect(20, 40, 82, 37, coat, 'rx="18"'),
    rect(25, 62, 13, 38, coat, 'rx="4"'),
    rect(72, 62, 13, 38, coat, 'rx="4"'),
    polygon('82,56 92,20 124,34 102,68', coat),
    circle(106, 30, 21, coat),
    rect(108, 28, 32, 19, coat, 'rx="9"'),
    polygon('92,0 110,14 90,36', dark),
    circle(134, 33, 6, '#1b1b1d'),
    circle(114, 24, 3.4, '#1b1b1d'),
    '<path d="M120 42 q8 4 16 0" stroke="#1b1b1d" stroke-width="2" fill="none"/>',
    '<path d="M88 48 L104 58" stroke="#c23a34" stroke-width="5"/>',
  ].join('');
}

function apple(random: Random): string {
  const [skin, light] = random.of([
    ['#c8322c', '#ec7a6a'],
    ['#5fa03a', '#a5d47e'],
    ['#e0b13a', '#f6dc8e'],
  ] as const);
  return [
    ellipse(44, 60, 44, 40, skin),
    ellipse(28, 48, 11, 15, light),
    ellipse(46, 25, 15, 5, '#00000040'),
    rect(43, 0, 5, 28, '#5b3a1e'),
    path('M48 16 Q54 -2 76 6 Q72 22 48 16', '#4a8a34'),
  ].join('');
}

function balloon(random: Random): string {
  const colour = random.of(BRIGHT);
  return [
    '<path d="M36 92 q-6 9 0 19 q6 9 0 19" stroke="#4a4a4a" stroke-width="2" fill="none"/>',
    ellipse(36, 44, 36, 44, colour),
    polygon('36,84 29,96 43,96', colour),
    ellipse(24, 30, 7, 13, '#ffffff90'),
  ].join('');
}

function ball(random: Random): string {
  const colour = random.of(BRIGHT);
  return [
    circle(45, 45, 45, '#efeadc'),
    path('M45 0 A45 45 0 0 1 90 45 L45 45Z', colour),
    path('M45 90 A45 45 0 0 1 0 45 L45 45Z', colour),
    circle(45, 45, 10, '#f4f2ec'),
    circle(45, 45, 43.5, 'none', 'stroke="#00000070" stroke-width="3"'),
  ].join('');
}

function box(random: Random): string {
  const [side, top] = random.of([
    ['#b98a58', '#d6ab78'],
    ['#9c7148', '#bf945f'],
  ] as const);
  return [
    polygon('0,22 16,0 84,0 100,22', top),
    rect(0, 22, 100, 62, side),
    rect(43, 22, 14, 62, '#e3d3b0'),
    polygon('44,0 56,0 57,22 43,22', '#efe2c4'),
  ].join('');
}

function cup(random: Random): string {
  const colour = random.of([...BRIGHT, '#f1efe8', '#2e3338'] as const);
  return [
    '<ellipse cx="80" cy="34" rx="20" ry="18" fill="none" stroke="#00000055" stroke-width="8"/>',
    `<ellipse cx="80" cy="34" rx="20" ry="18" fill="none" stroke="${colour}" stroke-width="8"/>`,
    path('M0 8 H84 V54 Q84 84 56 84 H28 Q0 84 0 54Z', colour),
    ellipse(42, 9, 42, 9, '#00000038'),
    ellipse(42, 10, 36, 6, '#5a3620'),
  ].join('');
}

function key(random: Random): string {
  const metal = random.of(['#c9a13c', '#9ea3a7', '#8a5a34']);
  return [
    `<circle cx="25" cy="25" r="20" fill="none" stroke="${metal}" stroke-width="10"/>`,
    rect(46, 20, 84, 10, metal),
    rect(100, 28, 10, 16, metal),
    rect(120, 28, 10, 22, metal),
  ].join('');
}

function house(random: Random): string {
  const wall = random.of(['#e9dcc0', '#cfd8dc', '#e8c7b0', '#d5e0c4']);
  const roof = random.of(['#a63c2e', '#4a4e54', '#7a4a2c']);
  return [
    rect(12, 44, 86, 66, wall),
    polygon('0,50 55,0 110,50', roof),
    rect(46, 74, 20, 36, '#6b452a'),
    rect(20, 60, 18, 18, '#86b4d4', 'stroke="#ffffff" stroke-width="3"'),
    rect(74, 60, 18, 18, '#86b4d4', 'stroke="#ffffff" stroke-width="3"'),
  ].join('');
}

function star(random: Random): string {
  const colour = random.of(['#f2c230', '#f0932b', '#e84a3c', '#4a90d9']);
  return polygon(
    '50,0 61.8,36.3 100,36.3 69.1,58.8 80.9,95.1 50,72.7 19.1,95.1 30.9,58.8 0,36.3 38.2,36.3',
    colour,
  );
}

function mushroom(random: Random): string {
  const cap = random.of(['#c43a30', '#9a6a40', '#d88a3a']);
  return [
    path('M34 46 H66 Q64 74 72 96 H28 Q36 74 34 46Z', '#d8c69e'),
    path('M0 52 A50 52 0 0 1 100 52Z', cap),
    circle(30, 30, 8, '#f6f1e4'),
    circle(56, 18, 7, '#f6f1e4'),
    circle(74, 36, 8, '#f6f1e4'),
  ].join('');
}

function leaf(random: Random): string {
  const colour = random.of(['#4f8f3a', '#c9772a', '#b03a2a', '#7fa83c']);
  return [
    path('M22.5 0 Q67.5 52 22.5 104 Q-22.5 52 22.5 0', colour),
    rect(21, 8, 3, 112, '#00000060'),
    '<path d="M22.5 40 L36 28 M22.5 60 L38 46 M22.5 80 L34 68 M22.5 40 L9 28 M22.5 60 L7 46 M22.5 80 L11 68" stroke="#00000048" stroke-width="2" fill="none"/>',
  ].join('');
}

function knife(random: Random): string {
  const handle = random.of(['#3a2a20', '#23262a', '#8a2f2a']);
  return [
    path('M0 21 Q16 3 40 3 H92 V23Z', '#8f979d'),
    polygon('0,21 92,18 92,23', '#5d656b'),
    rect(88, 0, 62, 26, handle, 'rx="7"'),
    circle(106, 13, 3, '#c8ccd0'),
    circle(130, 13, 3, '#c8ccd0'),
  ].join('');
}
