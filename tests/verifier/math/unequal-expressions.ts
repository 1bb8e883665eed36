/** Pairs of expressions that are not equal: one "left ; right" in each line. */
export const unequalExpressions = String.raw`
    12345678901234567890 ; 12345678901234567891
    12345678901234567890x ; 12345678901234567891x
    \sin x+12345678901234567890 ; \sin x+12345678901234567891
    f(x)+12345678901234567890 ; f(x)+12345678901234567891
    \sqrt2+12345678901234567890 ; \sqrt2+12345678901234567891
    \sqrt{10^{40}+1} ; 10^{20}
    \sqrt{10^{400}+1} ; 10^{200}
    \frac{1}{2}e^{29\pi} ; \frac{1}{2}e^{29\pi}+10^{30}
    e^{-200} ; 0
    e^{-1000} ; 0
    e^{-1000} ; e^{-1001}
    \sin x+e^{90} ; \sin x+e^{90}+10^{20}
    e^{-200} ; e^{-201}
    0.1 ; 0.10000000000000000001
    2^{10^9} ; 2^{10^9}+1
    4343_6 ; 4343_7
    4343_6 ; 4343
    1010_2 ; 1010
    4343_6 ; 4343_2
    4343_2 ; 4343
    4343_2 ; 4343_3
    4343_2 ; x
    4343_2+1 ; 4344
    9_{2} ; 9
    1A3_9 ; 163
    |{-x}| ; x
    x^2+2x+1 ; (x-1)^2
    x ; y
    X ; x
    x_1 ; x_2
    x_1 ; x
    x^2 ; 2x
    x+1 ; x+1.0000001
    \frac{a}{b} ; \frac{b}{a}
    3\frac12 ; \frac32
    3\cdot\frac12 ; 3.5
    |x| ; x
    |x| ; -x
    \ln|x| ; \ln x
    \sqrt{x^2} ; x
    \sqrt2+\sqrt3 ; \sqrt5
    \sqrt{x+y} ; \sqrt x+\sqrt y
    \sqrt{50}+\sqrt{24} ; \sqrt{51}+\sqrt{23}
    \pi ; 3.14159
    \pi ; 22/7
    \pi ; 3.141592
    \pi ; 355/113
    e ; 2.71
    \frac13 ; 0.3333
    \frac13 ; 0.333334
    0.333333 ; 0.3333333
    0.000001 ; \frac{1}{1200000}
    \sin x ; \cos x
    \sin 2x ; 2\sin x
    \sin 30 ; \frac12
    \sin^{-1}x ; \frac{1}{\sin x}
    \cos 36° ; 0.8
    \ln 2 ; \log_{10} 2
    \log_2 8 ; \log_8 2
    \ln(x+y) ; \ln x+\ln y
    e^{x+y} ; e^x+e^y
    e^{i\pi} ; 1
    i ; -i
    i ; 1
    \sqrt{-4} ; -2
    f(2x) ; 2f(x)
    f(x) ; g(x)
    f'(x) ; f(x)
    f(x) ; f(y)
    5! ; 5!!
    5! ; 5
    n! ; (n-1)!
    \binom52 ; \binom53 + 1
    \infty ; -\infty
    \infty ; 10^{100}
    \vec{v} ; v
    \arctan x ; \frac{1}{\tan x}
    2^x ; x^2
    2^{x+1} ; 2^x+1
    \frac{x}{y+1} ; \frac{x}{y}+1
    -2^2 ; 4
    (x+1)/2 ; x+1/2
    \lfloor x\rfloor ; \lceil x\rceil
    \max(2,3) ; \min(2,3)
    1.0000000001\sin x ; \sin x
    1.00000000000001\sin x ; \sin x
    \frac{1000000}{3} ; 333333.33
    x^{60}+1 ; x^{60}
    \sqrt[3]{x} ; \sqrt x
    a-b ; b-a
    \sin 30° ; \sin 30
    10^{10^8} ; 10^{10^8}+1`
