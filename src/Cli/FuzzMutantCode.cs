// The second part of FuzzMutant: changes of the Code chunk that leave whole instructions, so that they get past the decoder.
namespace MyBeam.Cli;

using MyBeam.Memory;
using MyBeam.Vm;

internal unsafe partial struct FuzzMutant
{
    /// <summary>An opcode or an operand of the code.</summary>
    private struct Token
    {
        public int At, Bytes;
        /// <summary>Whether it is an opcode.</summary>
        public bool IsOpcode;
    }

    private const int ListTag = 0x17, FloatTag = 0x27, AllocationTag = 0x37, LiteralTag = 0x47, TypedTag = 0x57;

    /// <summary>One change of an instruction or an operand.</summary>
    private void EditCode()
    {
        int chunk = FindChunk(ChunkId.Code);
        if (chunk < 0 || !Tokenize(chunk) || tokens.Count < 4)
        {
            Flip(1, 0, Size);
            return;
        }
        int t = random.Below(tokens.Count);
        if (random.Below(4) == 0)
            while (t > 0 && !tokens[t].IsOpcode) t--;
        if (tokens[t].IsOpcode) EditInstruction(chunk, t);
        else EditOperand(chunk, tokens[t]);
    }

    private bool Tokenize(int chunk)
    {
        tokens.Clear();
        long size = Read32(Data + chunk + 4);
        if (size < 20 || chunk + ChunkHead + size > Size) return false;
        int end = chunk + ChunkHead + (int)size;
        long at = chunk + ChunkHead + 4L + Read32(Data + chunk + ChunkHead);
        while (at < end)
        {
            int op = Data[at], arity = GenericOps.Arity(op);
            if (arity == byte.MaxValue || !tokens.Add(new Token { At = (int)at, Bytes = 1, IsOpcode = true }, Owner.Temporary)) break;
            at++;
            for (long left = arity; left > 0; left--)
            {
                long next = OperandEnd(at, end, out long elements);
                if (next < 0 || !tokens.Add(new Token { At = (int)at, Bytes = (int)(next - at) }, Owner.Temporary)) return true;
                left += elements;
                at = next;
            }
            if (op == GenericOps.IntCodeEnd) break;
        }
        return true;
    }

    // The byte after an operand (of a list: after its count), -1: cut off.
    private readonly long OperandEnd(long at, int end, out long elements)
    {
        elements = 0;
        if (at >= end) return -1;
        byte first = Data[at];
        if ((first & 7) != 7) return NumberEnd(at, end, out _);
        at++;
        switch (first)
        {
            case ListTag:
                at = NumberEnd(at, end, out elements);
                if (elements > end) return -1;
                return at;
            case FloatTag or LiteralTag:
                return NumberEnd(at, end, out _);
            case TypedTag:
                at = NumberEnd(at, end, out _);
                return at < 0 ? -1 : NumberEnd(at, end, out _);
            case AllocationTag:
                at = NumberEnd(at, end, out long pairs);
                if (pairs > 8) return -1;
                for (; at >= 0 && pairs > 0; pairs--)
                {
                    at = NumberEnd(at, end, out _);
                    if (at >= 0) at = NumberEnd(at, end, out _);
                }
                return at;
            default:
                return -1;
        }
    }

    private readonly long NumberEnd(long at, int end, out long value)
    {
        value = 0;
        if (at >= end) return -1;
        int first = Data[at];
        int bytes = (first & 8) == 0 ? 0 : (first & 16) == 0 ? 1 : (first >> 5) + 2;
        if (bytes == 9 || at + 1 + bytes > end) return -1;
        value = bytes == 0 ? first >> 4 : bytes == 1 ? ((first >> 5) << 8) | Data[at + 1] : 0;
        for (int i = 0; bytes >= 2 && i < bytes; i++) value = (value << 8) | Data[at + 1 + i];
        return at + 1 + bytes;
    }

    // Index of the token behind an instruction.
    private readonly int InstructionEnd(int t)
    {
        for (t++; t < tokens.Count && !tokens[t].IsOpcode; t++)
        {
        }
        return t;
    }

    private readonly int StartOf(int t) => t < tokens.Count ? tokens[t].At : tokens[tokens.Count - 1].At + tokens[tokens.Count - 1].Bytes;

    private void EditInstruction(int chunk, int t)
    {
        int at = tokens[t].At, end = StartOf(InstructionEnd(t));
        byte* op = Data + at;
        switch (random.Below(8))
        {
            case 0 or 1 or 2:
                // Another opcode that takes as many operands.
                for (int i = 0; i < 60; i++)
                {
                    byte other = (byte)(1 + random.Below(GenericOps.Max));
                    if (GenericOps.Arity(other) != GenericOps.Arity(*op) || GenericOps.Status(other) == 1) continue;
                    *op = other;
                    return;
                }
                return;
            case 3:
                *op = (byte)random.Next();
                return;
            case 4:
                ReplaceInside(chunk, at, end - at, null, 0);
                return;
            default:
                // An instruction of elsewhere, before this one or in its place.
                int other2 = random.Below(tokens.Count);
                while (other2 > 0 && !tokens[other2].IsOpcode) other2--;
                int from = tokens[other2].At, bytes = StartOf(InstructionEnd(other2)) - from;
                const int Most = 512;
                if (bytes > Most) return;
                byte* copy = stackalloc byte[Most];
                Copy(Data + from, copy, bytes);
                ReplaceInside(chunk, at, random.Below(2) == 0 ? 0 : end - at, copy, bytes);
                return;
        }
    }

    private void EditOperand(int chunk, Token token)
    {
        byte* fresh = stackalloc byte[64];
        int bytes = 0, tag = Data[token.At] & 7;
        int choice = random.Below(10);
        if (choice < 4)
        {
            // An operand of elsewhere.
            Token other = tokens[random.Below(tokens.Count)];
            if (other.IsOpcode || other.Bytes > 60) return;
            bytes = other.Bytes;
            Copy(Data + other.At, fresh, bytes);
        }
        else if (choice < 7 && tag != 7) bytes = Encode(fresh, tag, Near(token));
        else if (choice < 8 && tag != 7)
        {
            // The same number, as something else.
            NumberEnd(token.At, Size, out long value);
            bytes = Encode(fresh, random.Below(6), (ulong)value);
        }
        else if (choice < 9) bytes = Encode(fresh, random.Below(7), Number());
        else
        {
            fresh[bytes++] = random.Below(5) switch { 0 => ListTag, 1 => FloatTag, 2 => AllocationTag, 3 => LiteralTag, _ => TypedTag };
            if (fresh[0] == AllocationTag)
            {
                bytes += Encode(fresh + bytes, 0, 1);
                bytes += Encode(fresh + bytes, 0, (ulong)random.Below(4));
            }
            bytes += Encode(fresh + bytes, fresh[0] == TypedTag ? 3 : 0, Number());
            if (fresh[0] == TypedTag) bytes += Encode(fresh + bytes, 0, (ulong)random.Below(20));
        }
        ReplaceInside(chunk, token.At, token.Bytes, fresh, bytes);
    }

    private ulong Near(Token token)
    {
        if (random.Below(2) == 0) return Number();
        NumberEnd(token.At, Size, out long value);
        value += random.Below(7) - 3;
        return value < 0 ? 0 : (ulong)value;
    }

    private static int Encode(byte* to, int tag, ulong value)
    {
        if (value < 16)
        {
            to[0] = (byte)((int)(value << 4) | tag);
            return 1;
        }
        if (value < 2048)
        {
            to[0] = (byte)((int)((value >> 8) << 5) | 8 | tag);
            to[1] = (byte)value;
            return 2;
        }
        int bytes = 2;
        while (bytes < 8 && value >> ((8 * bytes) - 1) != 0) bytes++;
        to[0] = (byte)(((bytes - 2) << 5) | 0x18 | tag);
        for (int i = 0; i < bytes; i++) to[1 + i] = (byte)(value >> (8 * (bytes - 1 - i)));
        return bytes + 1;
    }
}
