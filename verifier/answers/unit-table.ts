/**
 * Units by dimension. Each line has the unit's size in the base unit of its dimension, as an exact
 * fraction "n" or "n/d", and then its spellings. Case counts: m is not M. The reader adds the
 * plurals of whole words. Months and years do not convert into days: their length is not fixed.
 * Definitions: SI Brochure (9th edition) and the international yard and pound agreement of 1959.
 */
export const unitTable: Readonly<Record<string, readonly string[]>> = {
  length: [
    '1/1000000000 nm nanometer nanometre',
    '1/1000000 µm μm um micrometer micrometre micron',
    '1/1000 mm millimeter millimetre 毫米',
    '1/100 cm centimeter centimetre 厘米',
    '1/10 dm decimeter decimetre 分米',
    '1 m meter metre 米',
    '1000 km kilometer kilometre 千米 公里',
    '127/5000 in inch inches',
    '381/1250 ft foot feet',
    '1143/1250 yd yard',
    '201168/125 mi mile',
    '1852 nmi',
  ],
  mass: [
    '1/1000000 mg milligram 毫克',
    '1/1000 g gram gramme gm gms 克',
    '1 kg kilogram kilo 千克 公斤',
    '1000 t ton tonne 吨',
    '45359237/100000000 lb lbs pound',
    '45359237/1600000000 oz ounce',
  ],
  time: [
    '1/1000000000 ns nanosecond',
    '1/1000000 µs μs us microsecond',
    '1/1000 ms millisecond 毫秒',
    '1 s sec secs second 秒',
    '60 min minute mins 分钟',
    '3600 h hr hrs hour 小时',
    '86400 day d days 天',
    '604800 week wk weeks 周',
  ],
  months: ['1 month 月', '12 year yr yrs 年'],
  volume: [
    '1/1000000 ml mL milliliter millilitre cc 毫升',
    '1/100000 cl cL centiliter centilitre',
    '1/10000 dl dL deciliter decilitre',
    '1/1000 l L liter litre ltr 升',
    '473176473/125000000000 gal gallon',
    '473176473/500000000000 qt quart',
    '473176473/1000000000000 pt pint',
    '473176473/2000000000000 cup',
  ],
  area: ['10000 ha hectare 公顷', '40468564224/10000000 acre'],
  speed: ['5/18 kph kmh', '1397/3125 mph', '463/900 knot kn'],
  angle: ['1 ° degree deg 度'],
  radians: ['1 rad radian'],
  temperature: ['1 K kelvin'],
  celsius: ['1 °C ℃ celsius'],
  fahrenheit: ['1 °F ℉ fahrenheit'],
  current: ['1/1000 mA milliampere milliamp', '1 A amp ampere'],
  amount: ['1/1000 mmol', '1 mol mole'],
  data: [
    '1 bit',
    '8 B byte',
    '8000 kB KB kilobyte',
    '8000000 MB megabyte',
    '8000000000 GB gigabyte',
    '8000000000000 TB terabyte',
  ],
  force: ['1 N newton', '1000 kN'],
  energy: ['1 J joule', '1000 kJ kilojoule', '3600 Wh', '3600000 kWh', '523/125 cal calorie', '523/125000 kcal'],
  power: ['1/1000 mW', '1 W watt', '1000 kW kilowatt', '1000000 MW'],
  pressure: ['1 Pa pascal', '1000 kPa', '1000000 MPa', '100000 bar', '101325 atm'],
  bloodPressure: ['1 mmHg'],
  pulse: ['1 bpm'],
  turning: ['1 rpm'],
  frequency: ['1 Hz hertz', '1000 kHz', '1000000 MHz', '1000000000 GHz'],
  voltage: ['1/1000 mV', '1 V volt', '1000 kV'],
  resistance: ['1 Ω Ω ohm', '1000 kΩ'],
  charge: ['1 C coulomb'],
  capacitance: ['1/1000000 µF μF uF', '1 F farad'],
  magnetic: ['1 T tesla'],
  dollars: ['1 $ USD US$ dollar usd bucks 美元', '1/100 cent ¢'],
  euros: ['1 € EUR euro 欧元'],
  pounds: ['1 £ GBP 英镑'],
  yuan: ['1 元 CNY RMB yuan 块', '1/10 角'],
  yen: ['1 ¥ JPY yen 日元'],
  rupees: ['1 ₹ INR rupee Rs'],
}

/**
 * Chinese measure words after a number: 3个, 5条. They have no dimension and do not change the value.
 */
export const measureWords: ReadonlySet<string> = new Set(
  '个 只 条 张 名 人 本 件 次 种 块 辆 棵 朵 位 头 支 把 双 对 根 颗 座'.split(' '),
)
