/** What is sold and served, on receipts and on menus. */

export const GOODS = [
  ...['CAPPUCCINO', 'ESPRESSO', 'GREEN TEA', 'ORANGE JUICE', 'MINERAL WATER', 'HOT CHOCOLATE'],
  ...['CROISSANT', 'BAGEL', 'RYE BREAD', 'MUFFIN', 'APPLE PIE', 'CHEESE CAKE', 'BUTTER'],
  ...['MILK 1L', 'EGGS 10', 'YOGHURT', 'CHEDDAR', 'TOMATOES', 'BANANAS', 'GRAPES', 'LEMONS'],
  ...['RICE 1KG', 'PASTA', 'OLIVE OIL', 'HONEY', 'SALT', 'SUGAR', 'FLOUR', 'PEPPER'],
  ...['BATTERIES AA', 'LIGHT BULB', 'NOTEBOOK', 'PENCILS', 'SOAP', 'SHAMPOO', 'TOWELS'],
  ...['SANDWICH', 'CHICKEN WRAP', 'SALAD BOWL', 'SOUP', 'FRIES', 'BURGER', 'ICE CREAM'],
] as const;

export const SHOPS = [
  ...['CORNER MARKET', 'THE DAILY GRIND', 'GREEN GROCER', 'HARBOUR CAFE', 'MILL BAKERY'],
  ...['NORTH STREET DELI', 'SUNNY SIDE DINER', 'VILLAGE STORE', 'OLD TOWN BOOKS', 'PARK KIOSK'],
] as const;

export const DISHES = {
  Starters: [
    ...['Tomato soup', 'Mushroom soup', 'Garlic bread', 'Caesar salad', 'Greek salad'],
    ...['Bruschetta', 'Stuffed olives', 'Beetroot carpaccio', 'Fish soup', 'Hummus plate'],
  ],
  Mains: [
    ...['Grilled salmon', 'Roast chicken', 'Beef stew', 'Vegetable curry', 'Mushroom risotto'],
    ...['Pasta with pesto', 'Lamb chops', 'Fish and chips', 'Pumpkin ravioli', 'Steak with fries'],
    ...['Baked aubergine', 'Duck with plums'],
  ],
  Desserts: [
    ...['Apple crumble', 'Chocolate cake', 'Lemon tart', 'Vanilla ice cream', 'Rice pudding'],
    ...['Cheese plate', 'Poached pear', 'Almond cake'],
  ],
  Drinks: [
    ...['Lemonade', 'Iced tea', 'Espresso', 'Sparkling water', 'Apple juice', 'Ginger beer'],
    ...['House red', 'House white'],
  ],
} as const;

export const RESTAURANTS = [
  ...['The Copper Pot', 'Bistro Lavender', 'Harbour Lights', 'The Walnut Tree', 'Casa Verde'],
  ...['Blue Door Kitchen', 'The Old Mill', 'Rosemary & Thyme', 'Trattoria Luna', 'The Quiet Fox'],
] as const;

/** First parts of names of streets. */
export const STREETS = [
  ...['Oak', 'Maple', 'Cedar', 'Willow', 'Chestnut', 'Birch', 'Elm', 'Juniper', 'Hazel', 'Linden'],
  ...[
    'River',
    'Lake',
    'Hill',
    'Meadow',
    'Harbour',
    'Station',
    'Church',
    'Market',
    'Mill',
    'Bridge',
  ],
  ...['King', 'Queen', 'Victoria', 'Albert', 'Franklin', 'Lincoln', 'Newton', 'Darwin', 'Curie'],
  ...[
    'North',
    'South',
    'East',
    'West',
    'Highland',
    'Sunset',
    'Orchard',
    'Garden',
    'Forest',
    'Spring',
  ],
] as const;

export const STREET_KINDS = [
  'Street',
  'Road',
  'Avenue',
  'Lane',
  'Drive',
  'Court',
  'Way',
  'Place',
] as const;
