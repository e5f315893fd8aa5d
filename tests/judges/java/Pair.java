import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;

/** Opens an SM2EnvelopedKey (GM/T 0009 7.4) with Bouncy Castle: KEY ENVELOPE CERTIFICATE. What is in it must sign for the certificate. */
public final class Pair {
    private static final String PKCS8_OF_SM2 = "3041020100301306072a8648ce3d020106082a811ccf5501822d042730250201010420";

    /** The contents of each element of a SEQUENCE's contents. */
    private static List<byte[]> elements(byte[] der) {
        List<byte[]> found = new ArrayList<>();
        for (int at = 0; at < der.length;) {
            int size = der[at + 1] & 0xFF, begin = at + 2;
            if (size >= 0x80) {
                int octets = size & 0x7F;
                size = new BigInteger(1, Arrays.copyOfRange(der, begin, begin + octets)).intValueExact();
                begin += octets;
            }
            found.add(Arrays.copyOfRange(der, begin, begin + size));
            at = begin + size;
        }
        return found;
    }

    private static byte[] coordinate(byte[] integer) {
        byte[] padded = new byte[32];
        int size = Math.min(integer.length, 32);
        System.arraycopy(integer, integer.length - size, padded, 32 - size, size);
        return padded;
    }

    /** C1, C2, C3, the order that the provider's cipher takes; of SM2Cipher's x, y, hash and text. */
    private static byte[] raw(byte[] cipher) throws Exception {
        List<byte[]> parts = elements(cipher);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(4);
        out.write(coordinate(parts.get(0)));
        out.write(coordinate(parts.get(1)));
        out.write(parts.get(3));
        out.write(parts.get(2));
        return out.toByteArray();
    }

    private static byte[] decoded(Path path) throws Exception {
        byte[] octets = Files.readAllBytes(path);
        if (octets[0] != '-') {
            return octets;
        }
        return Base64.getMimeDecoder().decode(new String(octets).replaceAll("-----[^-]*-----", ""));
    }

    private static PrivateKey key(byte[] pkcs8, Provider provider) throws Exception {
        return KeyFactory.getInstance("EC", provider).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
    }

    public static void main(String[] args) throws Exception {
        Provider provider = (Provider) Class.forName("org.bouncycastle.jce.provider.BouncyCastleProvider").getDeclaredConstructor().newInstance();
        List<byte[]> envelope = elements(elements(Files.readAllBytes(Path.of(args[1]))).get(0));
        Cipher sm2 = Cipher.getInstance("SM2", provider);
        sm2.init(Cipher.DECRYPT_MODE, key(decoded(Path.of(args[0])), provider));
        byte[] sm4Key = sm2.doFinal(raw(envelope.get(1)));
        Cipher sm4 = Cipher.getInstance("SM4/ECB/NoPadding", provider);
        sm4.init(Cipher.DECRYPT_MODE, new SecretKeySpec(sm4Key, "SM4"));
        byte[] bits = envelope.get(3);
        byte[] number = sm4.doFinal(bits, 1, bits.length - 1);
        ByteArrayOutputStream pkcs8 = new ByteArrayOutputStream();
        pkcs8.write(HexFormat.of().parseHex(PKCS8_OF_SM2));
        pkcs8.write(number);
        Certificate certificate = CertificateFactory.getInstance("X.509", provider).generateCertificate(new ByteArrayInputStream(decoded(Path.of(args[2]))));
        byte[] message = "does it fit?".getBytes();
        Signature signature = Signature.getInstance("SM3withSM2", provider);
        signature.initSign(key(pkcs8.toByteArray(), provider));
        signature.update(message);
        byte[] made = signature.sign();
        signature.initVerify(certificate.getPublicKey());
        signature.update(message);
        if (!signature.verify(made)) {
            throw new IllegalStateException("the key does not fit the certificate");
        }
        System.out.println(HexFormat.of().formatHex(certificate.getPublicKey().getEncoded()));
    }
}
