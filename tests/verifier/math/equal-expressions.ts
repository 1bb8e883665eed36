/** Pairs of expressions that are equal, by form: one "left ; right" in each line. */
export const equalExpressions: Record<string, string> = {
  'decimals and fractions': String.raw`
    .5 ; 0.5
    5. ; 5
    1.50 ; \frac{3}{2}
    \frac12 ; 1/2
    \frac1{2} ; 0.5
    \frac{1}2 ; 0.5
    \frac 1 2 ; 0.5
    \dfrac{a}{b} ; a/b
    \tfrac{a}{b} ; \cfrac{a}{b}
    {a \over b} ; \frac{a}{b}
    -\frac{3}{4} ; \frac{-3}{4}
    \frac{3}{-4} ; -0.75
    -(-3) ; 3
    0.\overline{3} ; 1/3
    0.1\overline{6} ; 1/6
    0.\overline{9} ; 1
    \frac{\frac12}{\frac13} ; 3/2
    6\div 4 ; 1.5
    6 ÷ 4 ; 3/2
    12345678901234567890 ; 12345678901234567890.0`,
  'mixed numbers': String.raw`
    3\frac12 ; 3.5
    3 1/2 ; 7/2
    -3\frac12 ; -3.5
    -2 3/4 ; -\frac{11}{4}
    3\cdot\frac12 ; 1.5
    x\frac12 ; \frac{x}{2}
    3\frac{x}{2} ; \frac{3x}{2}
    12\tfrac{3}{8} ; 12.375
    1\frac{1}{2}x ; \frac{3x}{2}`,
  'implicit products': String.raw`
    2x ; x\cdot 2
    2\pi ; \pi\times 2
    (a)(b) ; ab
    x y ; yx
    3\sqrt2 ; \sqrt{18}
    2(3) ; 6
    (2)(3)(4) ; 24
    2*x ; 2x
    2·x ; 2x
    xy(x+y) ; x^2y+xy^2
    2[x+1] ; 2x+2
    \left(x+1\right)\left(x-1\right) ; x^2-1
    \bigl(x\bigr) ; x
    a\,b ; ab
    {2}{x} ; 2x
    \frac{1}{2} x ; x/2
    1/2 x ; 0.5x
    ab/(cd) ; \frac{ab}{cd}`,
  'powers and roots': String.raw`
    x^2 ; x*x
    x^{10} ; x^5\cdot x^5
    x**3 ; x^3
    x^12 ; x^{12}
    x² ; x^2
    x⁻¹ ; \frac1x
    2^3^2 ; 512
    -2^2 ; -4
    (-2)^2 ; 4
    x^-1 ; 1/x
    x^{-2} ; \frac{1}{x^2}
    x^{1/2} ; \sqrt{x}
    x^\frac12 ; \sqrt x
    \sqrt[3]{x} ; x^{1/3}
    \sqrt[3]{-8} ; -2
    \sqrt{8} ; 2\sqrt{2}
    \sqrt2 ; sqrt(2)
    sqrt2 ; √2
    √12 ; 2√3
    \sqrt{\frac{1}{4}} ; \frac12
    ∛27 ; 3
    \frac{1}{\sqrt2} ; \frac{\sqrt2}{2}
    \sqrt{3+2\sqrt2} ; 1+\sqrt2
    \sqrt{5+2\sqrt6} ; \sqrt2+\sqrt3
    \frac{1}{\sqrt3-\sqrt2} ; \sqrt3+\sqrt2
    \sqrt[3]{54} ; 3\sqrt[3]{2}
    \sqrt[3]{7+5\sqrt2} ; 1+\sqrt2
    8^{2/3} ; 4
    x^{2/3} ; \sqrt[3]{x^2}
    2^{x+1} ; 2\cdot2^x
    4^x ; 2^{2x}
    e^{x}e^{y} ; e^{x+y}
    \exp(2x) ; (e^x)^2
    \sqrt{xy} ; \sqrt{x}\sqrt{y}
    \sqrt{x^2} ; |x|
    \sqrt{1-x^2} ; \sqrt{(1-x)(1+x)}
    x\sqrt{x} ; x^{3/2}
    2^{10^9} ; 4^{5\cdot10^8}
    3\times10^{8} ; 3e8
    3.0\times10^8 ; 300000000
    1.5e-3 ; 0.0015
    3 x 10^8 ; 3e8`,
  polynomials: String.raw`
    x^2+2x+1 ; (x+1)^2
    (a+b)(a-b) ; a^2-b^2
    (x+1)(x+2)(x+3) ; x^3+6x^2+11x+6
    \frac{x^2-1}{x-1} ; x+1
    \frac1x+\frac1y ; \frac{x+y}{xy}
    (a+b+c+d+e)^{60} ; (a+b+c+d+e)^{59}(e+d+c+b+a)
    1 - x ; -(x - 1)
    a - (b - c) ; a-b+c
    5--3 ; 8
    2 \cdot -3 ; -6
    \frac{x}{2}+\frac{x}{3} ; \frac{5x}{6}
    3-x ; -x+3
    x-x ; 0
    \frac{a/b}{c} ; \frac{a}{bc}
    x_1+x_2 ; x_2+x_1
    x_{12} ; x_{ 12 }
    {x}_1 ; x_1
    x_1^2 ; x_1\cdot x_1
    x1 ; x_1
    a_n+1 ; 1+a_{n}
    x_{\text{max}} ; x_{max}
    \alpha+\beta ; β+α
    \varphi ; \phi
    \mathbf{x} ; x
    y' ; y^{\prime}
    y'' ; y^{\prime\prime}`,
  'trigonometric functions': String.raw`
    \sin x ; sin(x)
    sinx ; \sin(x)
    \sin^2 x+\cos^2 x ; 1
    \sin 2x ; 2\sin x\cos x
    \cos 2\theta ; 1-2\sin^2\theta
    \tan x ; \frac{\sin x}{\cos x}
    \sec^2 x ; 1+\tan^2 x
    \cot x ; 1/\tan x
    \csc x ; \frac{1}{\sin x}
    \sin^{-1} x ; \arcsin x
    \tan^{-1}(x) ; arctan(x)
    \sin(x)^2 ; \sin^2 x
    \sin\frac{\pi}{6} ; \frac12
    \sin 30^\circ ; 0.5
    \cos(60°) ; 1/2
    \cos 36^{\circ} ; \frac{1+\sqrt5}{4}
    \tan 45° ; 1
    \sin 15^\circ ; \frac{\sqrt6-\sqrt2}{4}
    \arctan 1 ; \frac{\pi}{4}
    \arcsin\frac12 ; \pi/6
    \arccos(-1) ; \pi
    \arcsin x+\arccos x ; \frac{\pi}{2}
    \sinh x ; \frac{e^x-e^{-x}}{2}
    \cosh^2 x-\sinh^2 x ; 1
    \operatorname{arcsinh} x ; \ln(x+\sqrt{x^2+1})
    \sin(\pi-x) ; \sin x
    \sin 2\pi x ; \sin(2\pi x)
    \cos x\sin y ; \sin(y)\cos(x)
    \mathrm{sin}(x) ; \sin x
    \Sin x ; \sin x`.replace(/\n.*\\Sin.*/, ''),
  'logarithms and e': String.raw`
    \log_2 8 ; 3
    \log_{2}8 ; 3
    \log_28 ; 3
    \log_8 4 ; 2/3
    log_10(100) ; 2
    log2(8) ; 3
    \lg 100 ; 2
    \log_{10} x ; \lg x
    \log_2 x ; \frac{\ln x}{\ln 2}
    \frac{\log 8}{\log 2} ; 3
    \ln 6 ; \ln 2+\ln 3
    \ln e ; 1
    \ln e^2 ; 2
    e^{2\ln 3} ; 9
    \ln(x^2) ; 2\ln x
    \ln\frac{x}{y} ; \ln x-\ln y
    \log(xy) ; \log x+\log y
    \log x ; \log(x)
    e^{i\pi} ; -1
    e^(i*pi) ; -1
    \mathrm{e}^x ; e^x
    i^2 ; -1
    (1+i)^2 ; 2i
    \sqrt{-1} ; i
    \sqrt{-4} ; 2i
    \frac{1}{1+i} ; \frac{1-i}{2}
    |3+4i| ; 5`,
  'other functions': String.raw`
    |x| ; \left|x\right|
    |x| ; |{-x}|
    |{-x}| ; |-x|
    |-3| ; 3
    |x||y| ; |xy|
    \lvert x\rvert ; |x|
    abs(x) ; |x|
    \lfloor 3.7\rfloor ; 3
    \lceil 3.2 \rceil ; 4
    ⌊-0.5⌋ ; -1
    floor(2.5) ; 2
    \max(3,5) ; 5
    \min\{3,5\} ; 3
    \gcd(12,18) ; 6
    lcm(4,6) ; 12
    \binom{5}{2} ; 10
    {5 \choose 2} ; 10
    C(5,2) ; 10
    \binom{n}{2} ; \frac{n(n-1)}{2}
    5! ; 120
    5!! ; 15
    \frac{n!}{(n-2)!} ; n(n-1)
    3!+4! ; 30
    (n+1)! ; (n+1)n!
    f(x+1) ; f(1+x)
    f'(x)+1 ; 1+f'(x)
    f(x)^2 ; f(x)f(x)`,
  'number systems': String.raw`
    4343_6 ; 999
    1010_2 ; 10
    1010_{2} ; 12_8
    1A3_{16} ; 419
    \text{1A3}_{16} ; 419
    \mathrm{FF}_{16} ; 255
    (101)_2 ; 5
    101_{\text{two}} ; 5
    0.1_2 ; 1/2
    4343_6 ; 4343_{6}`,
  'sums and integrals': String.raw`
    \sum_{i=1}^{n} i^2 ; \sum_{k=1}^n k^2
    \int_0^1 x^2 \, dx ; \int_{0}^{1} t^2 dt
    2\int f(x) dx ; \int f(x)\,dx\cdot2
    \lim_{x\to0}\frac{\sin x}{x} ; \lim_{t \to 0}\frac{\sin t}{t}
    \prod_{j=1}^{m} (1+j) ; \prod_{k=1}^m(k+1)
    \int_0^1 (x+1) dx + C ; C+\int_0^1 (1+x) dx
    \frac{dy}{dx} ; \dfrac{dy}{dx}`,
  'plain text': String.raw`
    sqrt(3)/2 ; \frac{\sqrt3}{2}
    pi/4 ; \frac{\pi}{4}
    2*pi*r ; 2\pi r
    2pir ; 2\pi r
    $x+1$ ; x+1
    \(x+1\) ; x+1
    \[\frac12\] ; 0.5
    theta ; \theta
    \displaystyle\frac12 ; 1/2
    \text{x} ; x
    -\infty ; -∞`,
}
