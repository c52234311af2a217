"""The data model: what each table of an evaluation holds, declared once."""

from analysis.schema.declared import Column, Entity, Identity, entities, entity, entity_of

__all__ = ["Column", "Entity", "Identity", "entities", "entity", "entity_of"]
