/* The points of a chart as the server sends them, made easy to read: /charts/<id>/points.json.

   Numbers and times come as the first value and then differences (10,000 equal steps compress to nothing); a limit
   comes as one number where it is the same for all points, else as numbers and where each begins. */

export function decodePoints(sent) {
  return {
    count: sent.numbers.length,
    unit: sent.unit,
    numbers: summed(sent.numbers),
    times: summed(sent.times),
    baseline: sent.baseline,
    specification: [["LSL", sent.specification.lower], ["USL", sent.specification.upper]],
    rules: sent.rules,
    series: sent.series.map((series) => decodeSeries(series, sent.numbers.length)),
  };
}

function decodeSeries(sent, count) {
  return {
    name: sent.name,
    values: Float64Array.from(sent.values, (value) => value ?? NaN),
    centre: level(sent.centre, count),
    lower: level(sent.lower, count),
    upper: level(sent.upper, count),
    sigma: level(sent.sigma, count),
    violations: byPoint(sent.violations),
  };
}

function summed(steps) {
  let sum = 0;
  return steps.map((step) => (sum += step));
}

/* A limit at each point. */
function level(sent, count) {
  if (sent === null || typeof sent === "number") return new Float64Array(count).fill(sent ?? NaN);
  const values = new Float64Array(count);
  sent.begins.forEach((begin, place) => values.fill(sent.values[place] ?? NaN, begin));
  return values;
}

/* {rule: [index, ...]} -> Map of index to its rules, by index. */
function byPoint(violations) {
  const found = new Map();
  for (const [rule, indices] of Object.entries(violations)) {
    for (const index of indices) {
      if (!found.has(index)) found.set(index, []);
      found.get(index).push(rule);
    }
  }
  return new Map([...found].sort(([one], [other]) => one - other));
}
