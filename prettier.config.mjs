export default {
  singleQuote: true,
  arrowParens: 'avoid',
  trailingComma: 'all',
};
