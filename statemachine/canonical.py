"""One form for messages of equal content, byte for byte: what is stored, and what decides whether two are the same.

Never compare definitions with `==`: to it a default value of NaN differs from itself.
"""

from google.protobuf.message import Message


def canonical(message: Message) -> bytes:
    return message.SerializeToString(deterministic=True)


def same(one: Message, other: Message) -> bool:
    return canonical(one) == canonical(other)
