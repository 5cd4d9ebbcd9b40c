"""The naive twin: recording a completion as one would write it on a first afternoon, with FastAPI and SQLAlchemy.

One request is one session, two look-ups, one insert and one commit. It has no credentials, tenants, reports or
entries and forgives no repeated post: whatever it lacks makes it faster.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Depends, FastAPI, HTTPException
from pydantic import AwareDatetime, BaseModel
from sqlalchemy import DateTime, ForeignKey, MetaData
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA = "bench_twin"

engine = create_async_engine("postgresql+asyncpg://")  # the place is in the environment, as libpq names it
sessions = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    metadata = MetaData(schema=SCHEMA)


class Person(Base):
    __tablename__ = "person"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str]


class Item(Base):
    __tablename__ = "item"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    title: Mapped[str]


class Completion(Base):
    __tablename__ = "completion"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    person_id: Mapped[UUID] = mapped_column(ForeignKey(Person.id), index=True)
    item_id: Mapped[UUID] = mapped_column(ForeignKey(Item.id), index=True)
    completed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=lambda: datetime.now(UTC))


class NewCompletion(BaseModel):
    userId: UUID  # noqa: N815 - the body that Testamur gets too
    contentId: UUID  # noqa: N815
    completedAt: AwareDatetime  # noqa: N815


class Stored(BaseModel):
    id: UUID


async def session() -> AsyncIterator[AsyncSession]:
    async with sessions() as opened:
        yield opened


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.post("/completions", status_code=201)
async def create_completion(new: NewCompletion, session: Annotated[AsyncSession, Depends(session)]) -> Stored:
    person = await session.get(Person, new.userId)
    if person is None:
        raise HTTPException(404, "Person not found")
    item = await session.get(Item, new.contentId)
    if item is None:
        raise HTTPException(404, "Item not found")
    completion = Completion(person_id=person.id, item_id=item.id, completed_at=new.completedAt)
    session.add(completion)
    await session.commit()
    return Stored(id=completion.id)
