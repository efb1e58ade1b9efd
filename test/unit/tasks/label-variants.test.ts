/** Singular, plural and article variants of labels. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { labelVariants, plural, singular } from '../../../src/tasks/label-variants.js';

/** The labels of COCO and other common nouns, with their plurals. */
const NOUNS =
  `person people; bicycle bicycles; car cars; motorcycle motorcycles; airplane airplanes; bus buses; train trains;
truck trucks; boat boats; light lights; hydrant hydrants; sign signs; meter meters; bench benches; bird birds; cat cats;
dog dogs; horse horses; sheep sheep; cow cows; elephant elephants; bear bears; zebra zebras; giraffe giraffes;
backpack backpacks; umbrella umbrellas; handbag handbags; tie ties; suitcase suitcases; frisbee frisbees; ski skis;
snowboard snowboards; ball balls; kite kites; bat bats; glove gloves; skateboard skateboards; surfboard surfboards;
racket rackets; bottle bottles; glass glasses; cup cups; fork forks; knife knives; spoon spoons; bowl bowls;
banana bananas; apple apples; sandwich sandwiches; orange oranges; broccoli broccoli; carrot carrots; pizza pizzas;
donut donuts; cake cakes; chair chairs; couch couches; plant plants; bed beds; table tables; toilet toilets; tv tvs;
laptop laptops; mouse mice; remote remotes; keyboard keyboards; phone phones; microwave microwaves; oven ovens;
toaster toasters; sink sinks; refrigerator refrigerators; book books; clock clocks; vase vases; scissors scissors;
drier driers; toothbrush toothbrushes; box boxes; fox foxes; dish dishes; watch watches; baby babies; berry berries;
key keys; toy toys; boy boys; child children; grandchild grandchildren; woman women; man men; fireman firemen;
policewoman policewomen; human humans; german germans; foot feet; tooth teeth; goose geese; leaf leaves; shelf shelves;
bookshelf bookshelves; wolf wolves; scarf scarves; potato potatoes; tomato tomatoes; photo photos; piano pianos;
shoe shoes; toe toes; canoe canoes; house houses; blouse blouses; nurse nurses; purse purses; rose roses; nose noses;
dress dresses; mattress mattresses; lens lenses; gas gases; canvas canvases; cactus cacti; octopus octopuses;
walrus walruses; virus viruses; quiz quizzes; movie movies; cookie cookies; pie pies; sleeve sleeves; stove stoves;
olive olives; wave waves; size sizes; prize prizes; axe axes; ox oxen; deer deer; fish fish; circle circles;
square squares; triangle triangles; star stars; cross crosses; ring rings; hexagon hexagons; church churches;
moustache moustaches; brush brushes; wish wishes; tax taxes; city cities; monkey monkeys; jeans jeans; specimen specimens;
calf calves; thief thieves; hoof hooves; roof roofs; cliff cliffs; giraffe giraffes; pause pauses; tortoise tortoises;
bottle bottles; base bases; cheese cheese; bridge bridges; cage cages; eye eyes; tree trees; bee bees; knee knees`
    .split(';')
    .map((pair) => pair.trim().split(' ') as [string, string]);

describe('nouns', () => {
  // An axis has the same plural as an axe; labels rather mean the tool.
  it.each(NOUNS)('%s, %s', (one, many) => {
    expect(plural(one)).toBe(many);
    expect(singular(many)).toBe(one);
    expect(singular(one)).toBe(one);
    expect(plural(one.toUpperCase())).toBe(many.toUpperCase());
  });
});

describe('labelVariants', () => {
  it.each<[string, string[]]>([
    ['cat', ['cat', 'cats', 'a cat', 'the cat']],
    ['cats', ['cats', 'cat', 'a cat', 'the cats']],
    ['a cat', ['a cat', 'cat', 'cats', 'the cat']],
    ['the cats', ['the cats', 'cat', 'cats', 'a cat']],
    ['all cats', ['all cats', 'cat', 'cats', 'a cat', 'the cats']],
    ['apple', ['apple', 'apples', 'an apple', 'the apple']],
    ['uniform', ['uniform', 'uniforms', 'a uniform', 'the uniform']],
    ['hourglass', ['hourglass', 'hourglasses', 'an hourglass', 'the hourglass']],
    ['person', ['person', 'people', 'a person', 'the person']],
    ['people', ['people', 'person', 'a person', 'the people']],
    ['box', ['box', 'boxes', 'a box', 'the box']],
    ['knife', ['knife', 'knives', 'a knife', 'the knife']],
    ['children', ['children', 'child', 'a child', 'the children']],
    ['sheep', ['sheep', 'a sheep', 'the sheep']],
    ['scissors', ['scissors', 'the scissors']],
    ['grass', ['grass', 'the grass']],
    ['red circle', ['red circle', 'red circles', 'a red circle', 'the red circle']],
    ['red circles', ['red circles', 'red circle', 'a red circle', 'the red circles']],
    [
      'orange  circle ',
      ['orange circle', 'orange circles', 'an orange circle', 'the orange circle'],
    ],
    ['T-shirt', ['T-shirt', 'T-shirts', 'a T-shirt', 'the T-shirt']],
    [
      'glass of water',
      ['glass of water', 'glasses of water', 'a glass of water', 'the glass of water'],
    ],
    ['men with hats', ['men with hats', 'man with hats', 'a man with hats', 'the men with hats']],
    [
      'person riding a horse',
      [
        'person riding a horse',
        'people riding a horse',
        'a person riding a horse',
        'the person riding a horse',
      ],
    ],
    ['player 23', ['player 23', 'the player 23']],
    ['chaise à roulettes', ['chaise à roulettes']],
    ['eine Katze', ['eine Katze', 'Katze']],
    ["l'oiseau", ["l'oiseau", 'oiseau']],
    ['猫', ['猫']],
    ['', []],
    ['  ', []],
  ])('of %j', (label, variants) => {
    expect(labelVariants(label)).toEqual(variants);
  });

  it('begin with the label, are distinct, and are the same family from singular and plural', () => {
    const nouns = fc.constantFrom(...NOUNS);
    fc.assert(
      fc.property(nouns, fc.constantFrom('', 'red ', 'big wooden '), ([one, many], adjective) => {
        const ofOne = labelVariants(adjective + one);
        const ofMany = labelVariants(adjective + many);
        expect(ofOne[0]).toBe(adjective + one);
        expect(new Set(ofOne).size).toBe(ofOne.length);
        expect(ofOne).toContain(adjective + many);
        expect(ofMany).toContain(adjective + one);
      }),
    );
  });

  it('never throw', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (label) => {
        expect(labelVariants(label).length).toBeLessThanOrEqual(5);
      }),
    );
  });
});
