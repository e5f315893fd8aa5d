/*
 * CSRs whose signatures are right and whose RSA keys of 2048 bits are not: made by a script from primes of the named form, once,
 * and read by `openssl req -verify` as sound.
 */
#ifndef PCA_TESTS_API_WEAK_CSR_H
#define PCA_TESTS_API_WEAK_CSR_H

static const struct {
    const char *name, *pem;
} weak_csr[] = {
    {"p and q differ by about 2^100",
     "-----BEGIN CERTIFICATE REQUEST-----\n"
     "MIICXTCCAUUCAQAwGDEWMBQGA1UEAwwNd2Vhay5pbnRlcm5hbDCCASIwDQYJKoZI\n"
     "hvcNAQEBBQADggEPADCCAQoCggEBAPbVd23qsNQ27p6sHeU31fUDl+BUnkiIEI4W\n"
     "sZ8bsdfUXTIWfYV0kyDWwiMjcfr5PIOVIxFtEvoEAfvZyPTDc9Oh8oYPLmux3nok\n"
     "mXQ+cfB0ea7SMusETBNSjnbaHOtzJPBUU3NFViGcuJ9jHWKhiNKnk+UcixSP6fRC\n"
     "XR9J5gr15VANfmV2g87na2Ufq4Yc9+sXUi7ITu++ZFlY+VzyFV/UGPXaO1uttdBs\n"
     "iYwSIYCkqczVMB0b8dnCXYgFrcXYfrLi/Omh6L3kajEW+xaGmmURYcwLP4RyOtKX\n"
     "GkKbdL56rRyEZtyrrtxPWoB7fY4EvtliwL/GRaB8Oh0WrmT8CfcCAwEAAaAAMA0G\n"
     "CSqGSIb3DQEBCwUAA4IBAQAd88reh6inYkcccYqgP7eV27rEujKzQcDgZQhwJFBV\n"
     "PDhKxJN2iuqGffLqzspVp483qJVp/D0NGgxumFyIugWzJf5oM5EV25UU5zfMrzmv\n"
     "XOybf3e+rigZSfoSJfXEtxEBnSZs5pnpFMh1IBRSJaz8DRbhLYGzTrMkf2alSEej\n"
     "DLXh1UKHL8hg5VV4D1l4x1SaHPHj+DE2AL/dM6t0dEXV4JDm0QxsWSruPiZXF3J7\n"
     "a4ymisbVz/BvgJ50VRzTbaRNHLPdt7fp97dNyqoxvYkAIIQlSWWnOUoB9xOdC4Fc\n"
     "pegcltlGcQd+DnycZyjXOGNuT5xE2bIta08CvQVMLCUB\n"
     "-----END CERTIFICATE REQUEST-----\n"},
    {"divisible by 65521",
     "-----BEGIN CERTIFICATE REQUEST-----\n"
     "MIICXTCCAUUCAQAwGDEWMBQGA1UEAwwNd2Vhay5pbnRlcm5hbDCCASIwDQYJKoZI\n"
     "hvcNAQEBBQADggEPADCCAQoCggEBAIAAAABHFH38tUUT4M2xidVxbhHPFSEgflAW\n"
     "nDTytDdaltmRDTcExdOdfuly+hBiqnTkMI5IXrMz+5Onc2i4zLZwDpuIu4IjMJbb\n"
     "5a0o4Lkhge6oqc6xEEzDlrn6krvIS5PDAJ3iVhrkWTr7ryzKvOLpFln2Te74Zzjx\n"
     "t6M9MILXXW5DNN3gHsWLNfy+nKqGY+HoGY8DKSVL8tfUkGBDPWm1lase08sZZlyH\n"
     "jWfxTPRj2wh7dkO7MN7EnD1MtGZcAhJQeH13jSNSSmGzmsE5zIVrpnMAsKkoreHZ\n"
     "f6AxZy7sI83YivNJpAsq3LbTCOw1h8Y4hKLKnROV0PlUptAjEtkCAwEAAaAAMA0G\n"
     "CSqGSIb3DQEBCwUAA4IBAQB/AZ9WqTw7Q5ZppumtT1PZTwh2ZGPJACJOjJtF/Mrm\n"
     "dyfZDiLWJqeJivvEcViE/PmOKxtW14yZEHdz5sOd+kDZc58MmDEfynIC8+Qfd8Dd\n"
     "G48FVB4PNoXUERZAKJu4Zr8YnxxHgEUjCbc4oSlzwQyFON469wn4lKyzTPp97UCq\n"
     "VprTCSrW6MZG14SohJqSeo42sRN1mbdSYyTHNrZaqMfhBo1QBU0SrVxGIy82c9xQ\n"
     "0qQqTzR+Y6H22TNSlD/2jzaYXne1B+vlDDtof+RnQF81q+ZAGo/5el+Oj5Zf2HyA\n"
     "yYrXyrA5h69WigSuuO6d+uLKyWOIuie8JZnBnoJBvQ2i\n"
     "-----END CERTIFICATE REQUEST-----\n"},
    {"divisible by 3",
     "-----BEGIN CERTIFICATE REQUEST-----\n"
     "MIICXTCCAUUCAQAwGDEWMBQGA1UEAwwNd2Vhay5pbnRlcm5hbDCCASIwDQYJKoZI\n"
     "hvcNAQEBBQADggEPADCCAQoCggEBAMAAAAAAAVCbMoxA/xLw2avwSYqHJ2O8TSrz\n"
     "r7bYywS+6wXcQPw4JnLQz1PwF4EYkinvv1JTyuKntUCKLbVK3UNBuk9fMjt9BHC2\n"
     "blrjL5joTq3DmG9frpJYLg5bTwSZA6hO/Uwz+ACHaP3vnFBRKJiRnJe969s5qI/0\n"
     "PXnttGT5Np4Qg/6OLFwvo2yKZy6yDkj9a+jVtNCfc1VhyA9dVjyp2SEnYDvPCpLB\n"
     "CHvl/YS3NgoeiqiuAOa66Qr7ZfSb6NuRCFsg71mB83y2ljUaDrVBOigsrwWb04r1\n"
     "X54/VzS3jJ18lR7LxjR4ogmOJAwV9sU5OkcOplJ1PeXSoMbaZ8UCAwEAAaAAMA0G\n"
     "CSqGSIb3DQEBCwUAA4IBAQBbSeRJemrUuRWRMSgf2fDYYaOVtMGkxVXwxGdvo/gq\n"
     "MHFv+AfQhmWwxFqAP3ooQBKnHdqrwDNZPwBGQKVvuUUFuWQQbmrjRWS5eOzO25pS\n"
     "IPjIqPIfPqYfj3AJzogbcdaXh5Qp46BEZhfGG44txBhCQIaVxoFUTbxvHn9bIkAZ\n"
     "+gJqvfoU+hITA9SHjbQyXep6U9pxbFCBKNlOoTd6n6WiIxqqvZJiXSyJD2eeny54\n"
     "ux7FFGGyW54oqh+j4wybKLkGhbVvUcir9HpYnDVTBupk+Y9LrhZQk7UV0F2gMJXY\n"
     "1hYP+SmWZ/brH/ggsj/i3cZqGSDQJoI4BD5BKrGAB3bj\n"
     "-----END CERTIFICATE REQUEST-----\n"},
    {"p and q have the form of Infineon's (CVE-2017-15361)",
     "-----BEGIN CERTIFICATE REQUEST-----\n"
     "MIICXTCCAUUCAQAwGDEWMBQGA1UEAwwNd2Vhay5pbnRlcm5hbDCCASIwDQYJKoZI\n"
     "hvcNAQEBBQADggEPADCCAQoCggEBAMKifI5jSzMlzuVGk6dY9MAeOgkOt9rIM0OC\n"
     "xaHWQLg63o/ck2YJMkFWNH9YCB5zZtBPuS0TgUvMiD8c0jHOvpHWPNJmn0gf0NZp\n"
     "uSRb07PEA/WFjW8SOiWKtDLInRLkxfNkGP5haHCRFHcEqkfHnJ7nlf52wna4ydgc\n"
     "WVN04iJH7lpKkSaJiVN1le+UmLCRNlDPojH7Q7ikiOc5gtvYCBC9FXfply1ZoCuf\n"
     "jFZoSz3Xs+cleFW+ElQ52CAVfU3E3azD5EhJgv4X9xIe3m20iJxRkD4+qE5pkyz9\n"
     "RKaub9HrLzNfpX4GNXpY3+QSqY8z0QrLy04YIJCfxpar84zkH0cCAwEAAaAAMA0G\n"
     "CSqGSIb3DQEBCwUAA4IBAQABsrjPXg0ZLQovv4zVAuF5M+4vs9EOSPKsU8zQzM/i\n"
     "oJz4YEvIsu0domlOWRFu5vS/GH5HO44ym16Hc0Z/iWt/M12OjurXlXuLvDgpJw5P\n"
     "zRf390YfJ2nM2oi67Vv8qyL6avZmBdW8iJV7iYRGPSK6b6duECveA3vUR8i7leJe\n"
     "6TSsUXhSHLUdycecsE/jPc4ZWQC+vckL4zG+VkYpG4nBB6+amDvwdXcDQFs17DJU\n"
     "Nayha7e901XTpCxkQMIzP4LV5cc9lEndfT0ZWP6bCmBx3Z7OcD6TZOJ1W7Rf1kQ0\n"
     "Q+T25i1bRxJl3icxc7/4Qo6lrN5B0h4M7gsTYD7DmAfg\n"
     "-----END CERTIFICATE REQUEST-----\n"},
    {"public exponent 3",
     "-----BEGIN CERTIFICATE REQUEST-----\n"
     "MIICWzCCAUMCAQAwGDEWMBQGA1UEAwwNd2Vhay5pbnRlcm5hbDCCASAwDQYJKoZI\n"
     "hvcNAQEBBQADggENADCCAQgCggEBAMGAt7uoCQHYBPrP8Rje7xoYzeCkzMK8P9QW\n"
     "U9eJeHnZnQkRXhgsfMRbE3S9Y2Uo7VTpqX0JlaO8znnY8dqpTILwM73wQ+cIqgXh\n"
     "4Gq9VP3q8bvey/jHpyBNsymL6dN02+O7v8kGgdObAcSYVl5Yt5Y5ZW7wh5/1cnvd\n"
     "XgpHW47ab5n6KI/2FJANDtjYewNEUCgZBid2if8e90UJO2M469ebGF/z8sWr11FP\n"
     "jTP4OvXs77gE0Gm2WIppfhItOu6JRsIDHmkZx8XnxWIRTSFkoh4A2Ex1RpaTDYb2\n"
     "bwVIdSFYvzo0p560VZHqSD1JRtFkaE0Ti8YfS+TmbIac2OItzbECAQOgADANBgkq\n"
     "hkiG9w0BAQsFAAOCAQEAtaCfO+ZIU7DXxuaynEKmrmkWuzZRbQWwd2JV5M1NTQJZ\n"
     "B6tjbJnk9hcfH2PVm8MC/wgINsfxM+XGdRR4rEzv+QTGdwc2P1b6hGKWnEstg3rk\n"
     "XazO7hO4dD5LCstXZPpBDLxW/a7y6Yh+5FR3ImI+fdU+vsLe1HDxElaWoljseGLG\n"
     "XMYmUR3ioQz1BDsUBUn6jwB0fSU3v9udN0jmCa5kK1dSI9KH1G6ZnsE8fasmA0cp\n"
     "+fbLcfhOwlxrg/8ABhIBBs715mcSOHNtLwlugNSn5Z6R6jUYLbbhoqkkzPBGT/sr\n"
     "KqcEfislxdnw5Bkg44jyfnE2F3p2vL/N7NI19RO1Vw==\n"
     "-----END CERTIFICATE REQUEST-----\n"},
};

#endif
