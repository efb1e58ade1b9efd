/**
 * Real photographs and scans that packages of others hold: which part of each is a crop, and what is written there, typed by hand
 * and read again from each crop. The pictures are read where they are, never copied into this package.
 */

export interface Photograph {
  readonly file: string;
  readonly sha256: string;
  /** The package that holds it. */
  readonly from: keyof typeof PACKAGES;
  readonly domain: string;
  /** x, y, width and height of each crop, and its text. */
  readonly crops: readonly (readonly [number, number, number, number, string])[];
}

/** Where the photographs are to be had, with their licences. */
export const PACKAGES = {
  'opencv-doc': 'Debian, /usr/share/doc/opencv-doc/examples/text (Apache-2.0)',
  ocrmypdf: 'PyPI, source archive, tests/resources (typewriter.png: CC BY-SA 2.5)',
  'scikit-image': 'PyPI, skimage/data (page.png: CC0)',
} as const;

export const PHOTOGRAPHS: readonly Photograph[] = [
  {
    file: 'scenetext01.jpg',
    sha256: '7f3041a7019ab4d33d2452bc757d8c4f38616bfde71431e12f7ec370d7b2018e',
    from: 'opencv-doc',
    domain: 'signs',
    crops: [
      [277, 37, 152, 43, 'NOTICE'],
      [274, 86, 153, 39, 'DOUBLE'],
      [272, 127, 155, 41, 'PARKING'],
      [270, 170, 157, 40, 'PROHIBITED'],
      [278, 213, 132, 40, 'AT ALL TIMES'],
    ],
  },
  {
    file: 'scenetext02.jpg',
    sha256: 'd4295bff9f348012f91a2cf745753124f85041fe3c3717146c6759c4cd977211',
    from: 'opencv-doc',
    domain: 'signs',
    crops: [
      [430, 608, 354, 90, 'Sports Centre'],
      [428, 684, 368, 84, 'Wivenhoe Park'],
      [428, 752, 470, 91, 'Conference Centre'],
      [428, 826, 256, 76, 'Car Parks'],
    ],
  },
  {
    file: 'scenetext03.jpg',
    sha256: 'cadf4a3d29a7ba6fe976b53fa65f490cc2868375e8feb3d93f26029f05c662ca',
    from: 'opencv-doc',
    domain: 'signs',
    crops: [[203, 540, 417, 87, 'copy centre']],
  },
  {
    file: 'scenetext04.jpg',
    sha256: '28e08d142a04f92f96d01ff2674f7804321841cba95bd968980cdc85ef0af6df',
    from: 'opencv-doc',
    domain: 'signs',
    crops: [[418, 414, 138, 48, 'GM 125']],
  },
  {
    file: 'scenetext05.jpg',
    sha256: '63985ac1a9989a8320605d5be0ec285af0c6304a78cc9cc5de6c2c7c435f7c0b',
    from: 'opencv-doc',
    domain: 'signs',
    crops: [
      [472, 312, 224, 84, 'NO PARKING'],
      [88, 168, 139, 58, 'NO PARKING'],
    ],
  },
  {
    file: 'scenetext06.jpg',
    sha256: 'e4d64f10bbfb27b2c5980cb048fd0abe20dd74868ba5460298de473ced53b518',
    from: 'opencv-doc',
    domain: 'signs',
    crops: [[239, 284, 353, 41, 'priory galleries at the ship']],
  },
  {
    file: 'scenetext_segmented_word01.jpg',
    sha256: 'b1524d1ae02ba1ee07bc32285df1083cceca851a28a2f34db63f7cf1169893b2',
    from: 'opencv-doc',
    domain: 'signs',
    crops: [[121, 219, 402, 79, 'HOTEL']],
  },
  {
    file: 'scenetext_segmented_word02.jpg',
    sha256: '1c648c38ebf826968e5daacde0b6845ecfd824420de17a3132096056aa12a6c2',
    from: 'opencv-doc',
    domain: 'signs',
    crops: [[48, 220, 550, 85, 'Stationery Box']],
  },
  {
    file: 'scenetext_segmented_word03.jpg',
    sha256: '6f60d1b006b81d95dcbae0723c4135dfcfe37b87b472faf056c8a35d910a2a7c',
    from: 'opencv-doc',
    domain: 'signs',
    crops: [
      [136, 68, 355, 68, 'Customer'],
      [122, 152, 385, 81, 'Freephone'],
      [106, 238, 416, 71, 'Private Hire'],
      [169, 325, 277, 76, 'Service'],
    ],
  },
  {
    file: 'scenetext_segmented_word04.jpg',
    sha256: '43524ab83453638e1f4e1aae64c50ecee898cf687612ffec6937ff7e6fd30a35',
    from: 'opencv-doc',
    domain: 'signs',
    crops: [[78, 281, 504, 92, "FOSTER'S"]],
  },
  {
    file: 'scenetext_segmented_word05.jpg',
    sha256: '3c805afc795596442fedaf3576b4c29d5fbad98e472cb6f30151ea62697115fa',
    from: 'opencv-doc',
    domain: 'signs',
    crops: [
      [174, 32, 324, 108, 'SANYO'],
      [179, 326, 299, 56, 'PRO xtraX'],
      [181, 382, 297, 25, 'MULTIMEDIA PROJECTOR'],
    ],
  },
  {
    file: 'scenetext_word01.jpg',
    sha256: '12106f10018a6c8e150c3159889808acc8801475ab8bb6f5ed4b207da9651f4e',
    from: 'opencv-doc',
    domain: 'signs',
    crops: [[0, 0, 109, 32, 'CHINA']],
  },
  {
    file: 'scenetext_word02.jpg',
    sha256: '73dfd0410033b674f419db18d70701572f5fd6c0e05c9d060a2ab9f603f1f8f2',
    from: 'opencv-doc',
    domain: 'signs',
    crops: [[0, 0, 242, 102, 'HERE']],
  },
  {
    file: 'scenetext_word03.jpg',
    sha256: '6fdcbf406cd0710bc0f9390e1cb11d9f955d512ce7db3a0a84c87af5a6e9a89e',
    from: 'opencv-doc',
    domain: 'signs',
    crops: [[0, 0, 234, 74, 'riser']],
  },
  {
    file: 'scenetext_word04.jpg',
    sha256: '121c74707b905b98351f5b21c11195d062e1f9eca05732bd92707bbbb9966911',
    from: 'opencv-doc',
    domain: 'signs',
    crops: [[0, 0, 487, 121, 'Produkt']],
  },
  {
    file: 'typewriter.png',
    sha256: '6f7a83685a83af954e9672b3e2db3253af165513d2826d780a48e175742f4469',
    from: 'ocrmypdf',
    domain: 'typewriter',
    crops: [
      [124, 130, 2084, 158, 'Linzensoep à la Waterman'],
      [124, 403, 1054, 143, '4 ons linzen'],
      [124, 543, 1141, 143, '3 liter water'],
      [124, 682, 543, 143, '3 uien'],
      [124, 822, 1054, 143, 'bloem, boter'],
      [124, 958, 1141, 143, '2 kopjes melk'],
      [124, 1095, 2828, 143, 'laurier, kruidnagel, kerrie, zout'],
      [124, 1361, 3510, 143, 'De linzen wassen en in 1 liter kokend wa-'],
      [124, 1501, 3426, 143, 'ter 1 dag laten weken. 2 liter water bij'],
      [124, 1637, 3510, 143, 'de linzen voegen, zonder het water waarin'],
      [124, 1777, 3603, 143, 'ze geweekt zijn af te gieten. De helft van'],
      [124, 1913, 3498, 143, 'de uien bakken met laurier en kruidnagel.'],
      [124, 2050, 3349, 143, 'Alle uien, kerrie en zout bij de linzen'],
      [124, 2186, 3510, 143, 'voegen. Alles aan de kook brengen. Van de'],
      [124, 2322, 3603, 143, 'bloem met boter en melk een papje maken en'],
      [124, 2459, 3510, 143, 'verder afmaken met de soep. Als de linzen'],
      [124, 2602, 2310, 143, 'gaar zijn is de soep klaar.'],
    ],
  },
  {
    file: 'page.png',
    sha256: '341a6f0a61557662b02734a9b6e56ec33a915b2c41886b97509dedf2a43b47a3',
    from: 'scikit-image',
    domain: 'print',
    crops: [
      [4, 11, 291, 25, 'Region-based segmentation'],
      [4, 48, 375, 17, 'Let us first determine markers of the coins and the'],
      [4, 66, 374, 18, 'background. These markers are pixels that we can label'],
      [4, 84, 375, 18, 'unambiguously as either object or background. Here,'],
      [4, 101, 375, 18, 'the markers are found at the two extreme parts of the'],
      [4, 117, 169, 20, 'histogram of grey values:'],
      [17, 168, 226, 21, '>>> markers = np.zeros_like(coins)'],
    ],
  },
];
