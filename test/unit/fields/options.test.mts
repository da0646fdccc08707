import { optionsField, orderFields, orderOptions } from '../../../nodes/ITeraBiz/fields/options.ts';

const defaultsOf = (properties: typeof orderOptions) =>
  Object.fromEntries(properties.map((property) => [property.name, property.default]));

test('What saved workflows leave out has these values', () => {
  expect(defaultsOf(orderFields)).toEqual({
    ...{ language: 'en-US', duration: 60, waitForCompletion: false, additionalFields: {} },
  });
  expect(defaultsOf(orderOptions)).toEqual({
    ...{ failedVideos: 'stop', holdWhileWaiting: false, maxWait: 60, pollInterval: 10 },
    ...{ maxVideos: 10, maxSeconds: 600, previewOnly: false, maxConcurrency: 5 },
    ...{ resubmitUnknown: false, whenVideoExists: 'order', lookBack: 30 },
  });
});

test('Options are a collection, of which none is set', () => {
  expect(optionsField(orderOptions)).toEqual({
    displayName: 'Options',
    name: 'options',
    type: 'collection',
    placeholder: 'Add option',
    default: {},
    options: orderOptions,
  });
});
